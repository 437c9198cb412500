"""What an import would make beside people: own fields, tags and customers that nobody has yet, by name."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.subscribers import columns, firms, words
from domain.subscribers.candidates import Person
from domain.subscribers.facets import bulk, fields, tags
from domain.subscribers.models import ImportJob
from domain.subscribers.seen import Seen

NAMED = 20  # names of each kind that are told; the others are counted


class Making:
    """Notes, batch by batch of a dry run, what `Batch.take` would make. `seen`: of the same dry run."""

    def __init__(self, job: ImportJob, options: Any, own: bulk.Known, seen: Seen) -> None:
        self._tags = {"new": tags.split(options.tags_new), "old": tags.split(options.tags_old)}
        self._own, self._seen = own, seen
        self._room = fields.MOST - own.count
        self._known_tags = {tag.folded for tag in tags.every(job.tenant_id)}
        self._names: dict[str, list[str]] = {"fields": [], "tags": [], "customers": []}
        self._counts = dict.fromkeys(self._names, 0)
        headings = job.dialect.get("names", [])
        chosen = [int(index) for index, meant in job.mapping.items() if meant == columns.OWN]
        self._add_fields([headings[index] for index in sorted(chosen) if index < len(headings)])

    def note(self, new: Iterable[Person], old: Iterable[Person], customers: Mapping[str, int]) -> None:
        """People who would come, and those here whom the import would touch; `customers`: names that are here."""
        for whom, people in (("new", new), ("old", old)):
            for person in people:
                self._add_fields(person.values.own)
                for name in (*person.values.tags, *self._tags[whom]):
                    key = words.folded(name)[:60]
                    if key not in self._known_tags:
                        self._add("tags", words.one_line(name, 60), key)
                firm = firms.name_of(person)
                if firm and firm not in customers:
                    self._add("customers", firm, firm)

    def told(self) -> dict[str, dict[str, Any]]:
        """fields, tags, customers → {"count", "names": the first ones}; kinds of which nothing is made are absent."""
        return {
            kind: {"count": self._counts[kind], "names": names}
            for kind, names in self._names.items()
            if names
        }

    def _add_fields(self, names: Iterable[str]) -> None:
        for name in self._own.missing(names):
            if self._counts["fields"] < self._room:
                self._add("fields", name, words.folded(name))

    def _add(self, kind: str, name: str, key: str) -> None:
        if self._seen.add([f"{kind}\n{key}"]):
            return
        self._counts[kind] += 1
        if self._counts[kind] <= NAMED:
            self._names[kind].append(name)
