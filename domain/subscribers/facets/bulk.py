"""Own fields and tags of many people at once, for imports."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.db import database, sql
from domain.errors import Conflict, Invalid
from domain.subscribers import words
from domain.subscribers.facets import fields, tags
from domain.subscribers.facets.models import Holder, OwnField, OwnValue

PREFIX = "own:"


class Known:
    """The own fields of a tenant while a file is taken in."""

    def __init__(self, tenant_id: int, meanings: Iterable[str]) -> None:
        self._tenant_id = tenant_id
        self._by_meaning = {f"{PREFIX}{own.id}": own for own in fields.every(tenant_id)}
        known = self._by_meaning.values()
        self._by_name = {words.folded(own.name): own for own in known}
        self._by_name |= {words.folded(own.key): own for own in known}
        self.count = len(self._by_meaning)
        self.unique = [
            self._by_meaning[m] for m in meanings if m in self._by_meaning and self._by_meaning[m].is_unique
        ]

    def checked(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """`own:<id>` or name → raw as key → value; raises BadValue. Names without a field become
        those that `adopt` gives the fields which it makes when the row is written."""
        found = {}
        for meant, given in raw.items():
            name = fields.name_for(meant) or meant
            own = self._by_meaning.get(meant) or self._by_name.get(words.folded(name))
            value = fields.checked(own, given) if own else given
            if value is not None:
                found[own.key if own else name] = value
        return found

    def missing(self, headings: Iterable[str]) -> list[str]:
        """What fields for these headings would be called, of those that have none."""
        names = [fields.name_for(heading) for heading in headings]
        return [name for name in names if name and words.folded(name) not in self._by_name]

    def adopt(self, values: Mapping[str, Any]) -> None:
        """Make fields for names that have none, as texts; a name that nobody could type is left alone."""
        for name in values:
            key = words.folded(name)
            if key not in self._by_name:
                try:
                    self._by_name[key] = fields.ensure(self._tenant_id, name)
                except (Conflict, Invalid):
                    self._by_name[key] = OwnField(tenant_id=self._tenant_id, key=name, name=name, kind="text")


def taken(tenant_id: int, own: OwnField, values: Iterable[Any]) -> dict[str, int]:
    """Value of a unique field → who has it."""
    wanted = [fields.unique_form(value) for value in values]
    query = OwnValue.select(OwnValue.value, OwnValue.holder_id).where(
        OwnValue.tenant_id == tenant_id, OwnValue.field_id == own.id, OwnValue.value.in_(wanted or [""])
    )
    return dict(query.tuples())


def reserve(
    tenant_id: int, unique: Sequence[OwnField], people: Sequence[tuple[int, Mapping[str, Any]]]
) -> None:
    """Note the values of unique fields of (person, key → value)."""
    cursor = database.cursor()
    for own in unique:
        rows = [(tenant_id, own.id, fields.unique_form(v[own.key]), i) for i, v in people if own.key in v]
        if rows:
            OwnValue.delete().where(
                OwnValue.tenant_id == tenant_id, OwnValue.field_id == own.id,
                OwnValue.holder_id.in_([row[3] for row in rows]),
            ).execute()  # fmt: skip
            cursor.executemany(
                sql(
                    """INSERT INTO own_value (tenant_id, field_id, value, holder_id) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO NOTHING"""
                ),
                rows,
            )


def tag(tenant_id: int, people: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Add tags by name to people."""
    ids: dict[str, int] = {}
    rows = []
    for person_id, names in people:
        for name in names:
            key = words.folded(name)
            if key not in ids:
                ids[key] = tags.tag_id(tenant_id, name)
            rows.append((tenant_id, ids[key], str(Holder.SUBSCRIBER), person_id))
    if rows:
        database.cursor().executemany(
            sql(
                "INSERT INTO tagging (tenant_id, tag_id, holder, holder_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
            ),
            rows,
        )
