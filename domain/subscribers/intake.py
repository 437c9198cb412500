"""One batch of an import: sort the rows, then write people, lists and consents set-wise in one transaction."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from domain import bounds, clock
from domain.db import among, database, sql
from domain.errors import N_
from domain.subscribers import directory, enrolling, firms, reading, suppression, words, writing
from domain.subscribers.candidates import Person, Reject
from domain.subscribers.csvfile import Record
from domain.subscribers.facets import bulk, fields
from domain.subscribers.making import Making
from domain.subscribers.models import ImportJob, ImportTrace
from domain.subscribers.reading import Read, Reader
from domain.subscribers.seen import Seen
from domain.tenancy import territory

BLOCKED, TWICE = reading.BLOCKED, reading.TWICE
SUPPRESSED = N_("This address is on the suppression list.")
TWICE_ABOVE = N_("This address stands in the file already, further up.")
BEYOND = N_("This address cannot be taken in here. Ask somebody who looks after all people.")
TAKEN = N_("Somebody has this value in %(name)s already.")
TEXTS = tuple(directory.TEXT_FIELDS)
_KNOWN = (
    "id", "address_key", "address", "organisation_id", "fields", "birthday", "territory_id", "import_id", *TEXTS,
)  # fmt: skip
_WRITTEN = f"""tenant_id, address, address_key, {", ".join(TEXTS)}, organisation_id, birthday, fields, deliverability,
    folded, created_at, updated_at, import_id, territory_id"""
_State = tuple[tuple[str, ...], int | None, str, int | None, dict[str, Any]]


class Batch:
    """Takes records of one job in. `take` is one transaction; `existing` only reads."""

    def __init__(self, job: ImportJob, options: Any) -> None:
        self._job = job
        self._options = options
        self._tenant_id: int = job.tenant_id
        self._now = clock.epoch()
        meanings = set(job.mapping.values())
        self._own = bulk.Known(self._tenant_id, meanings)
        self._places = territory.named(self._tenant_id) if "territory" in meanings else {}
        self._reader = Reader(job, self._own, self._places)
        self._named = (meanings & set(TEXTS)) | ({"first_name", "last_name"} if "name" in meanings else set())
        self._clears = {"organisation", "birthday"} & meanings if options.existing == "replace" else set()

    def take(self, records: Sequence[Record], read: Read | None = None) -> bool:
        """Write one batch with its counters; False if the job moved on without us (then nothing is written). `read`:
        what `batches` says of the records."""
        self._now = clock.epoch()
        people, rejects = self._sorted(read or self._reader.read(records))
        with database.atomic() as transaction:
            known = self.existing({person.key for person in people})
            people, again = self._without_repeated(people, known)
            rejects += again
            if self._own.unique:
                people, twice = self._without_taken(people, known)
                rejects += twice
            created = self._create([person for person in people if person.key not in known])
            old = [person for person in people if person.key in known]
            touched = [] if self._options.existing == "skip" else old
            changed = self._change(touched, known)
            new = [(created[person.key], person) for person in people if person.key in created]
            here = [(known[person.key]["id"], person) for person in touched]
            enrolling.enrol(self._job, self._options, new, here)
            bulk.reserve(self._tenant_id, self._own.unique, [(i, p.values.own) for i, p in new + here])
            self.refuse(rejects)
            counts = (len(created), changed, len(old) - changed, len(rejects))
            if created:
                self._job.first_id = self._job.first_id or min(created.values())
                self._job.last_id = max(created.values())
            if not self._advance(len(records), *counts):
                transaction.rollback()
                return False
        return True

    def making(self, seen: Seen) -> Making:
        """Where `forecast` notes what else would be made."""
        return Making(self._job, self._options, self._own, seen)

    def forecast(
        self, records: Sequence[Record], seen: Seen, makes: Making
    ) -> tuple[Counter[str], list[Reject]]:
        """What `take` would do with the records, without writing: counts of new, changed, unchanged and signed-off
        people, and the rows that would be refused. `seen` remembers the rows before them, `makes` what is made."""
        people, rejects = self._sorted(self._reader.read(records))
        known = self.existing({person.key for person in people})
        if self._own.unique:
            people, taken = self._without_taken(people, known, seen)
            rejects += taken
        touching = self._options.existing != "skip"
        repeated = seen.add(person.key for person in people if touching or person.key not in known)
        rejects += [Reject(person.record, TWICE_ABOVE) for person in people if person.key in repeated]
        people = [person for person in people if person.key not in repeated]
        here = firms.known(self._tenant_id, people)
        counts: Counter[str] = Counter()
        for person in people:
            row = known.get(person.key)
            if row is None:
                counts["new"] += 1
            elif touching and self._differs(person, row, here):
                counts["changed"] += 1
            else:
                counts["unchanged"] += 1
            counts["off"] += person.values.is_off
        old = [person for person in people if person.key in known] if touching else []
        makes.note([person for person in people if person.key not in known], old, here)
        return counts, rejects

    def _differs(self, person: Person, row: dict[str, Any], organisations: dict[str, int]) -> bool:
        name = firms.name_of(person)
        if name and name not in organisations:  # would be made
            organisations = {**organisations, name: -1}
        return self._merged(person, row, organisations) != _as_it_was(row)

    def batches(self, rows: Iterator[Record], size: int) -> Iterator[tuple[list[Record], Read]]:
        """The records in batches for `take`, with what was read of them."""
        return reading.batches(self._reader, rows, size)

    def _sorted(self, read: Read) -> tuple[list[Person], list[Reject]]:
        """Rows that can be taken, each address once, and the others with the reason."""
        people, rejects = read
        hashes = {person.digest: key for key, person in people.items()}
        stopped = suppression.stopped_of(self._tenant_id, hashes)
        rejects += [Reject(people[key].record, SUPPRESSED) for key in stopped]
        beyond = self._beyond(set(people) - stopped)
        rejects += [Reject(people[key].record, BEYOND) for key in beyond]
        return [p for key, p in people.items() if key not in stopped | beyond], rejects

    def _beyond(self, keys: set[str]) -> set[str]:
        """Addresses of people outside of the territory to which the import is held."""
        if bounds.current() is None:
            return set()
        own = set(self.existing(keys))
        with bounds.lifted("an address is one person's in the whole tenant"):
            return set(self.existing(keys)) - own

    def existing(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Address key → the row of who is here already."""
        one_of, bound = among("address_key", list(keys))
        text = f"SELECT {', '.join(_KNOWN)} FROM subscriber WHERE tenant_id = ? AND {one_of}"  # noqa: S608 - constants
        found = {}
        for values in database.execute_sql(sql(text), [self._tenant_id, *bound]).fetchall():
            row = dict(zip(_KNOWN, values, strict=True))
            row["fields"] = json.loads(row["fields"]) if row["fields"] else {}
            found[row["address_key"]] = row
        return found

    def _without_repeated(
        self, people: list[Person], known: dict[str, dict[str, Any]]
    ) -> tuple[list[Person], list[Reject]]:
        """The people whom an earlier batch of this file has not brought or touched, and the others."""
        ids = [known[person.key]["id"] for person in people if person.key in known]
        query = ImportTrace.select(ImportTrace.subscriber_id).where(
            ImportTrace.tenant_id == self._tenant_id, ImportTrace.job_id == self._job.id,
            ImportTrace.subscriber_id.in_(ids),
        )  # fmt: skip
        touched = {row[0] for row in query.tuples()} if ids else set()
        again = {
            key for key, row in known.items() if row["import_id"] == self._job.id or row["id"] in touched
        }
        rejects = [Reject(person.record, TWICE_ABOVE) for person in people if person.key in again]
        return [person for person in people if person.key not in again], rejects

    def _without_taken(
        self, people: list[Person], known: dict[str, dict[str, Any]], before: Seen | None = None
    ) -> tuple[list[Person], list[Reject]]:
        """The people whose values of unique fields nobody else has, and the others. `before`: values of rows that a
        dry run has looked at, which stand nowhere else."""
        rejects: dict[str, Reject] = {}
        for own in self._own.unique:
            values = {p.key: p.values.own[own.key] for p in people if own.key in p.values.own}
            holders = bulk.taken(self._tenant_id, own, values.values())
            seen: set[str] = set()
            for person in people:
                value = fields.unique_form(values[person.key]) if person.key in values else None
                if value is None or person.key in rejects:
                    continue
                mine = known[person.key]["id"] if person.key in known else None
                is_used = before is not None and before.add([f"{own.id}={value}"])
                if is_used or value in seen or holders.get(value, mine) != mine:
                    rejects[person.key] = Reject(person.record, TAKEN, {"name": own.name})
                else:
                    seen.add(value)
        return [p for p in people if p.key not in rejects], list(rejects.values())

    def _create(self, people: list[Person]) -> dict[str, int]:
        organisations = firms.made(self._tenant_id, people, self._now)
        rows, home = [], bounds.home()
        for person in people:
            values = person.values
            texts = [values.texts.get(name, "") for name in TEXTS]
            if values.own:
                self._own.adopt(values.own)
            name = f"{values.texts.get('first_name', '')} {values.texts.get('last_name', '')}"
            rows.append(
                (
                    self._tenant_id, person.written, person.key, *texts,
                    organisations.get(firms.name_of(person)) if values.organisation else None, values.birthday,
                    _json(values.own) if values.own else "{}", "active", words.folded(name, person.written),
                    self._now, self._now, self._job.id, self._place(person) or self._options.territory_id or home,
                )
            )  # fmt: skip
        return writing.people(self._tenant_id, _WRITTEN, rows)

    def _change(self, people: list[Person], known: dict[str, dict[str, Any]]) -> int:
        """Fill what is empty, overwrite but never with nothing, or take whatever the file has a column for; returns how
        many people are others than before."""
        organisations = firms.made(self._tenant_id, people, self._now)
        rows, traces = [], []
        for person in people:
            row = known[person.key]
            self._own.adopt(person.values.own)
            fresh = self._merged(person, row, organisations)
            before: dict[str, Any] = {}
            if fresh != _as_it_was(row):
                texts, organisation, born, place, own = fresh
                names = dict(zip(TEXTS, texts, strict=True))
                folded = words.folded(names["first_name"], names["last_name"], row["address"])
                rows.append(
                    (
                        *texts,
                        organisation,
                        born,
                        place,
                        _json(own),
                        folded,
                        self._now,
                        self._tenant_id,
                        row["id"],
                    )
                )
                before = {k: v for k, v in row.items() if k not in ("address", "address_key", "import_id")}
            traces.append((self._tenant_id, self._job.id, row["id"], _json(before)))
        writing.many(
            f"""UPDATE subscriber SET {", ".join(f"{name} = ?" for name in TEXTS)}, organisation_id = ?, birthday = ?,
            territory_id = ?, fields = ?, folded = ?, updated_at = ? WHERE tenant_id = ? AND id = ?""",  # noqa: S608 - constant names
            rows,
        )
        writing.many(
            "INSERT INTO import_trace (tenant_id, job_id, subscriber_id, before) VALUES (?, ?, ?, ?)", traces
        )
        return len(rows)

    def _merged(self, person: Person, row: dict[str, Any], organisations: dict[str, int]) -> _State:
        """Texts, customer, birthday, territory and own fields of somebody who is here, as they are afterwards."""
        overwrite = self._options.existing in ("overwrite", "replace")
        empties = self._named if self._options.existing == "replace" else set()
        texts = []
        for name in TEXTS:
            fresh = person.values.texts.get(name, "")
            takes = name in empties or (fresh and (overwrite or not row[name]))
            texts.append(fresh if takes else row[name])
        organisation = organisations.get(firms.name_of(person))
        if row["organisation_id"] and not (overwrite and organisation) and "organisation" not in self._clears:
            organisation = row["organisation_id"]
        born = person.values.birthday
        if not ((born and (overwrite or not row["birthday"])) or "birthday" in self._clears):
            born = row["birthday"]
        place = self._place(person)
        if not (place and (overwrite or not row["territory_id"])):
            place = row["territory_id"]
        own, before = person.values.own, row["fields"] or {}
        return tuple(texts), organisation, born, place, before | own if overwrite else own | before

    def refuse(self, rejects: list[Reject], is_trial: bool = False) -> None:
        """Keep the rows that are not taken; in the caller's transaction."""
        writing.many(
            """INSERT INTO import_reject (tenant_id, job_id, row, cells, reason, params, is_trial)
            VALUES (?, ?, ?, ?, ?, ?, ?)""",
            [
                (
                    self._tenant_id,
                    self._job.id,
                    r.record.line,
                    _json(r.record.cells),
                    r.reason,
                    _json(r.params),
                    is_trial,
                )
                for r in rejects
            ],
        )

    def _advance(self, done: int, created: int, updated: int, skipped: int, rejected: int) -> bool:
        before = self._job.rows_done
        moved = (
            ImportJob.update(
                rows_done=before + done,
                created_count=ImportJob.created_count + created,
                updated_count=ImportJob.updated_count + updated,
                skipped_count=ImportJob.skipped_count + skipped,
                rejected_count=ImportJob.rejected_count + rejected,
                first_id=self._job.first_id,
                last_id=self._job.last_id,
                owner_beat=clock.epoch(),
            )
            .where(
                ImportJob.tenant_id == self._tenant_id,
                ImportJob.id == self._job.id,
                ImportJob.rows_done == before,
                ImportJob.state == "running",
            )
            .execute()
        )
        self._job.rows_done = before + done
        return bool(moved)

    def _place(self, person: Person) -> int | None:
        text = person.values.territory
        return self._places[territory.folded(text)] if text else None


def _as_it_was(row: dict[str, Any]) -> _State:
    texts = tuple(row[name] for name in TEXTS)
    return texts, row["organisation_id"], row["birthday"], row["territory_id"], row["fields"] or {}


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
