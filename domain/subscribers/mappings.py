"""What the columns of a file mean: guessed, as in an earlier import of such a file, or kept under a name."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from peewee import IntegrityError

from domain import clock
from domain.errors import N_, Invalid, NotFound
from domain.subscribers import columns, words
from domain.subscribers.facets import fields
from domain.subscribers.models import ImportJob, ImportMapping

REMEMBERED = 100  # earlier imports looked at for the same headings
# answers that hold for the next file, too; a proof is another each time
KEPT = ("type_ids", "consent", "list_ids", "whom", "tags_new", "tags_old", "existing", "territory_id")


@dataclass(frozen=True)
class Proposal:
    """Column → meaning, answers to the other questions, and where both come from: [kind, name] with the kind guess,
    import or mapping."""

    columns: dict[int, str]
    options: dict[str, Any] = field(default_factory=dict)
    source: Sequence[str] = ("guess", "")


def own_meanings(tenant_id: int) -> dict[str, str]:
    """`own:<id>` → name: own fields as meanings of a column."""
    return {f"{columns.OWN_PREFIX}{own.id}": own.name for own in fields.every(tenant_id)}


def wrong_in(
    tenant_id: int, headings: Sequence[str], mapping: Mapping[int, str]
) -> tuple[str, dict[str, object]] | None:
    """Why a file cannot be imported so, as a sentence and its values; raises Invalid for a meaning nobody offered."""
    used = Counter(meant for meant in mapping.values() if meant)
    if set(used) - set(columns.FIELDS) - set(own_meanings(tenant_id)):
        raise Invalid(N_("Choose a field from the list."))
    if used["address"] != 1:
        return N_("Choose exactly one column as e-mail address."), {}
    if any(used[name] > 1 for name in used if name not in columns.REPEATABLE):
        return N_("Two columns have the same meaning. Choose one of them."), {}
    for index, meant in sorted(mapping.items()):
        heading = headings[index] if index < len(headings) else ""
        if meant == columns.OWN and not fields.name_for(heading):
            return _nameless(index, heading)
    return None


def _nameless(index: int, heading: str) -> tuple[str, dict[str, object]]:
    """A column that is to become an own field and gives no name for it; the columns count from 0."""
    if heading:
        return N_(
            "No own field can be called “%(name)s”. Choose another meaning for this column, or leave it out."
        ), {"name": heading}
    return N_(
        "Column %(number)s has no heading, so it cannot become an own field. "
        "Choose another meaning for it, or leave it out."
    ), {"number": index + 1}


def every(tenant_id: int) -> list[ImportMapping]:
    """All saved mappings by name."""
    query = ImportMapping.select().where(ImportMapping.tenant_id == tenant_id)
    return list(query.order_by(ImportMapping.name))


def get(tenant_id: int, mapping_id: int) -> ImportMapping:
    """A saved mapping of the tenant; raises NotFound."""
    found = ImportMapping.get_or_none(ImportMapping.tenant_id == tenant_id, ImportMapping.id == mapping_id)
    if found is None:
        raise NotFound
    return found


def save(job: ImportJob, name: str, headings: Sequence[str], user_id: int) -> ImportMapping:
    """Keep what the mapping page of a job says under a name; an older one of that name is replaced. Raises Invalid."""
    name = _name(name)
    values = {
        "columns": [[heading, job.mapping.get(str(i), "")] for i, heading in enumerate(headings)],
        "options": {key: job.options[key] for key in KEPT if key in (job.options or {})},
        "by_id": user_id, "updated_at": clock.now(),
    }  # fmt: skip
    found = ImportMapping.get_or_none(ImportMapping.tenant_id == job.tenant_id, ImportMapping.name == name)
    made = found or ImportMapping(tenant_id=job.tenant_id, name=name)
    for key, value in values.items():
        setattr(made, key, value)
    made.save()
    return made


def rename(kept: ImportMapping, name: str) -> None:
    """Raises Invalid for no name and for one that is taken."""
    kept.name = _name(name)
    try:
        kept.save()
    except IntegrityError:
        raise Invalid(fields={"name": N_("There is a mapping of this name already.")}) from None


def delete(kept: ImportMapping) -> None:
    """What was imported by it stays."""
    kept.delete_instance()


def applied(kept: ImportMapping, headings: Sequence[str]) -> Proposal:
    """A saved mapping laid over a file: by headings, in a file without them by the place of the column."""
    known = {"", *columns.FIELDS, *own_meanings(kept.tenant_id)}
    if any(headings):
        by_heading = {columns.folded(heading): meant for heading, meant in kept.columns if heading}
        found = {i: by_heading.get(columns.folded(heading), "") for i, heading in enumerate(headings)}
    else:
        found = {i: kept.columns[i][1] if i < len(kept.columns) else "" for i in range(len(headings))}
    usable = {i: meant if meant in known else "" for i, meant in found.items()}
    return Proposal(usable, dict(kept.options or {}), ("mapping", kept.name))


def proposed(tenant_id: int, headings: list[str], guessed: Mapping[int, str]) -> Proposal:
    """A saved mapping made for exactly these headings, else the newest import of such a file, else the guess."""
    if any(headings):
        for kept in every(tenant_id):
            if [heading for heading, _ in kept.columns] == headings:
                return applied(kept, headings)
        known = _remembered(tenant_id, headings)
        if known is not None:
            options = {k: v for k, v in (known.options or {}).items() if k in (*KEPT, "proof")}
            mapping = {int(index): meant for index, meant in known.mapping.items()}
            return Proposal(mapping, options, ("import", known.filename))
    return Proposal(dict(guessed))


def _remembered(tenant_id: int, names: list[str]) -> ImportJob | None:
    """The newest import of a file with the same headings: its columns and answers are proposed again."""
    query = ImportJob.select().where(
        ImportJob.tenant_id == tenant_id, ImportJob.state.in_(["queued", "running", "done", "failed"])
    )
    meanings = {"", *columns.FIELDS, *own_meanings(tenant_id)}
    for job in query.order_by(ImportJob.id.desc()).limit(REMEMBERED):
        if list(job.dialect.get("names", [])) == names and set(job.mapping.values()) <= meanings:
            return job
    return None


def _name(text: str) -> str:
    name = words.one_line(text, 80)
    if not name:
        raise Invalid(fields={"name": N_("Give the mapping a name.")})
    return name
