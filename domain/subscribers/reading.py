"""Rows of a file as people, checked as far as that needs no look at who is here: pure, so that it can run ahead."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from domain.db import is_postgres
from domain.errors import N_, Invalid
from domain.subscribers import addresses, columns, directory, words
from domain.subscribers.candidates import Person, Reject
from domain.subscribers.csvfile import Record
from domain.subscribers.facets import bulk, fields
from domain.subscribers.models import ImportJob
from domain.tenancy import territory

TOO_WIDE = N_(
    "The row has %(found)s cells, the header has %(expected)s. Check quotation marks and separators."
)
BLOCKED = N_("The status in the file says that this address is blocked.")
TWICE = N_("This address stands in the file already, in line %(line)s.")
NO_PLACE = N_("We do not know the territory “%(name)s”. Make it first, or write its whole path.")

Read = tuple[dict[str, Person], list[Reject]]  # address key → person; the rows that cannot be taken


class Reader:
    """Reads records of one job; `own` and `places` are what the tenant has of fields and territories."""

    def __init__(self, job: ImportJob, own: bulk.Known, places: Mapping[str, int]) -> None:
        self._tenant_id: int = job.tenant_id
        self._mapping = {int(index): meant for index, meant in job.mapping.items()}
        self._names: list[str] = list(job.dialect.get("names", []))
        self._is_headed = bool(job.dialect.get("header"))
        self._own = own
        self._places = places

    @property
    def can_run_ahead(self) -> bool:
        """Whether what earlier rows make new changes nothing in how later ones read: columns of free attributes may
        make fields."""
        return "attributes" not in self._mapping.values()

    def read(self, records: Sequence[Record]) -> Read:
        """Rows that can be taken as far as can be seen here, each address once, and the others with the reason."""
        people: dict[str, Person] = {}
        rejects: list[Reject] = []
        for record in records:
            found = self._person(record)
            if isinstance(found, Reject):
                rejects.append(found)
            elif found.key in people:
                rejects.append(Reject(record, TWICE, {"line": people[found.key].record.line}))
            else:
                people[found.key] = found
        return people, rejects

    def _person(self, record: Record) -> Person | Reject:
        if self._is_headed and any(record.cells[len(self._names) :]):
            wide = {"found": len(record.cells), "expected": len(self._names)}
            return Reject(record, TOO_WIDE, wide)
        values = columns.read(record.cells, self._names, self._mapping)
        try:
            address = addresses.parse(values.address)
        except addresses.BadAddress as error:
            return Reject(record, error.message)
        try:
            values.birthday = directory.birthday(values.birthday) if values.birthday else ""
            values.own = self._own.checked(values.own) if values.own else {}
        except Invalid as error:
            return Reject(record, str(error.fields["birthday"]))
        except fields.BadValue as error:
            return Reject(record, error.message, error.params)
        if values.territory and territory.folded(values.territory) not in self._places:
            return Reject(record, NO_PLACE, {"name": values.territory[:80]})
        if values.is_blocked:
            return Reject(record, BLOCKED)
        for name, text in values.texts.items():
            values.texts[name] = words.one_line(text, directory.TEXT_FIELDS[name]) if text else ""
        return Person(
            record, address.written, address.key, values, addresses.hash_of(address.key, self._tenant_id)
        )


def batches(reader: Reader, rows: Iterator[Record], size: int) -> Iterator[tuple[list[Record], Read]]:
    """Batches of records with what was read of them. A thread reads the next one while a server writes the last; where
    this process writes the database itself, it would only be held up by that."""

    def following() -> tuple[list[Record], Read]:
        records = list(islice(rows, size))
        return records, reader.read(records)

    if not (reader.can_run_ahead and is_postgres()):
        while (now := following())[0]:
            yield now
        return
    with ThreadPoolExecutor(1, "import-reader") as beside:
        ahead = beside.submit(following)
        while (now := ahead.result())[0]:
            ahead = beside.submit(following)
            yield now
