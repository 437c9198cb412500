"""One batch of an import: sort the rows, then write people, lists and consents set-wise in one transaction."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from domain import bounds, clock
from domain.db import database, sql
from domain.errors import N_, Invalid
from domain.subscribers import addresses, columns, consent, directory, lists, suppression, words
from domain.subscribers.candidates import Person, Reject
from domain.subscribers.csvfile import Record
from domain.subscribers.facets import bulk, fields
from domain.subscribers.models import Consent, ImportJob, Organisation, Subscriber, Subscription
from domain.tenancy import territory

TOO_WIDE = N_(
    "The row has %(found)s cells, the header has %(expected)s. Check quotation marks and separators."
)
BLOCKED = N_("The status in the file says that this address is blocked.")
SUPPRESSED = N_("This address is on the suppression list.")
TWICE = N_("This address stands in the file already, in line %(line)s.")
NO_PLACE = N_("We do not know the territory “%(name)s”. Make it first, or write its whole path.")
BEYOND = N_("This address cannot be taken in here. Ask somebody who looks after all people.")
TAKEN = N_("Somebody has this value in %(name)s already.")
TEXTS = tuple(directory.TEXT_FIELDS)


class Batch:
    """Takes records of one job in. `take` is one transaction; `sort` and `existing` only read."""

    def __init__(self, job: ImportJob, options: Any) -> None:
        self._job = job
        self._options = options
        self._tenant_id: int = job.tenant_id
        self._mapping = {int(index): meant for index, meant in job.mapping.items()}
        self._names: list[str] = list(job.dialect.get("names", []))
        self._is_headed = bool(job.dialect.get("header"))
        self._now = clock.epoch()
        meanings = set(self._mapping.values())
        self._own = bulk.Known(self._tenant_id, meanings)
        self._is_tagging = "tags" in meanings
        self._places = territory.named(self._tenant_id) if "territory" in meanings else {}
        self._named = (meanings & set(TEXTS)) | ({"first_name", "last_name"} if "name" in meanings else set())
        self._clears = {"organisation", "birthday"} & meanings if options.existing == "replace" else set()

    def take(self, records: Sequence[Record]) -> bool:
        """Write one batch with its counters; False if the job moved on without us (then nothing is written)."""
        self._now = clock.epoch()
        people, rejects = self.sort(records)
        with database.atomic() as transaction:
            known = self.existing({person.key for person in people})
            if self._own.unique:
                people, twice = self._without_taken(people, known)
                rejects += twice
            created = self._create([person for person in people if person.key not in known])
            old = [person for person in people if person.key in known]
            changed = [] if self._options.existing == "skip" else old
            self._change(changed, known)
            ids = {key: row["id"] for key, row in known.items()} | created
            taken = set(created) | {person.key for person in changed}
            reached = [(ids[person.key], person) for person in people if person.key in taken]
            self._enlist([person_id for person_id, _ in reached], created.values())
            self._subscribe(reached)
            if self._is_tagging:
                bulk.tag(self._tenant_id, [(i, person.values.tags) for i, person in reached])
            bulk.reserve(self._tenant_id, self._own.unique, [(i, person.values.own) for i, person in reached])
            self._reject(rejects)
            counts = (len(created), len(changed), len(old) - len(changed), len(rejects))
            if not self._advance(len(records), *counts):
                transaction.rollback()
                return False
        return True

    def sort(self, records: Sequence[Record]) -> tuple[list[Person], list[Reject]]:
        """Rows that can be taken, each address once, and the others with the reason."""
        people: dict[str, Person] = {}
        rejects: list[Reject] = []
        for record in records:
            if self._is_headed and any(record.cells[len(self._names) :]):
                wide = {"found": len(record.cells), "expected": len(self._names)}
                rejects.append(Reject(record, TOO_WIDE, wide))
                continue
            values = columns.read(record.cells, self._names, self._mapping)
            try:
                address = addresses.parse(values.address)
            except addresses.BadAddress as error:
                rejects.append(Reject(record, error.message))
                continue
            try:
                values.birthday = directory.birthday(values.birthday) if values.birthday else ""
                values.own = self._own.checked(values.own) if values.own else {}
            except Invalid as error:
                rejects.append(Reject(record, str(error.fields["birthday"])))
                continue
            except fields.BadValue as error:
                rejects.append(Reject(record, error.message, error.params))
                continue
            if values.territory and territory.folded(values.territory) not in self._places:
                rejects.append(Reject(record, NO_PLACE, {"name": values.territory[:80]}))
            elif values.is_blocked:
                rejects.append(Reject(record, BLOCKED))
            elif address.key in people:
                rejects.append(Reject(record, TWICE, {"line": people[address.key].record.line}))
            else:
                people[address.key] = Person(record, address.written, address.key, values)
        stopped = suppression.stopped(self._tenant_id, people)
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
        query = Subscriber.select(
            Subscriber.id, Subscriber.address_key, Subscriber.address, Subscriber.organisation_id, Subscriber.fields,
            Subscriber.birthday, Subscriber.territory_id,
            *(getattr(Subscriber, name) for name in TEXTS),
        ).where(Subscriber.tenant_id == self._tenant_id, Subscriber.address_key.in_(list(keys)))  # fmt: skip
        return {row["address_key"]: row for row in query.dicts()}

    def _without_taken(
        self, people: list[Person], known: dict[str, dict[str, Any]]
    ) -> tuple[list[Person], list[Reject]]:
        """The people whose values of unique fields nobody else has, and the others."""
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
                if value in seen or holders.get(value, mine) != mine:
                    rejects[person.key] = Reject(person.record, TAKEN, {"name": own.name})
                else:
                    seen.add(value)
        return [p for p in people if p.key not in rejects], list(rejects.values())

    def _create(self, people: list[Person]) -> dict[str, int]:
        organisations = self._organisations(people)
        rows, home = [], bounds.home()
        for person in people:
            texts = [self._text(person, name) for name in TEXTS]
            values = person.values
            if values.own:
                self._own.adopt(values.own)
            name = f"{values.texts.get('first_name', '')} {values.texts.get('last_name', '')}"
            rows.append(
                (
                    self._tenant_id, person.written, person.key, *texts,
                    organisations.get(self._organisation(person)) if values.organisation else None, values.birthday,
                    _json(values.own) if values.own else "{}", "active", words.folded(name, person.written),
                    self._now, self._now, self._job.id, self._place(person) or self._options.territory_id or home,
                )
            )  # fmt: skip
        _many(
            f"""INSERT INTO subscriber (tenant_id, address, address_key, {", ".join(TEXTS)}, organisation_id, birthday,
            fields, deliverability, folded, created_at, updated_at, import_id, territory_id)
            VALUES (?, ?, ?, {"?, " * len(TEXTS)}?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",  # noqa: S608
            rows,
        )
        query = Subscriber.select(Subscriber.address_key, Subscriber.id).where(
            Subscriber.tenant_id == self._tenant_id, Subscriber.address_key.in_([p.key for p in people])
        )
        return dict(query.tuples())

    def _change(self, people: list[Person], known: dict[str, dict[str, Any]]) -> None:
        """Fill what is empty, overwrite but never with nothing, or take whatever the file has a column for."""
        organisations = self._organisations(people)
        overwrite = self._options.existing in ("overwrite", "replace")
        empties = self._named if self._options.existing == "replace" else set()
        rows = []
        for person in people:
            row = known[person.key]
            texts = []
            for name in TEXTS:
                fresh = self._text(person, name)
                takes = name in empties or (fresh and (overwrite or not row[name]))
                texts.append(fresh if takes else row[name])
            organisation = organisations.get(self._organisation(person))
            if (
                row["organisation_id"]
                and not (overwrite and organisation)
                and "organisation" not in self._clears
            ):
                organisation = row["organisation_id"]
            born = person.values.birthday
            if not ((born and (overwrite or not row["birthday"])) or "birthday" in self._clears):
                born = row["birthday"]
            place = self._place(person)
            if not (place and (overwrite or not row["territory_id"])):
                place = row["territory_id"]
            own, before = person.values.own, row["fields"] or {}
            self._own.adopt(own)
            merged = before | own if overwrite else own | before
            names = dict(zip(TEXTS, texts, strict=True))
            folded = words.folded(names["first_name"], names["last_name"], row["address"])
            rows.append(
                (
                    *texts,
                    organisation,
                    born,
                    place,
                    _json(merged),
                    folded,
                    self._now,
                    self._tenant_id,
                    row["id"],
                )
            )
        _many(
            f"""UPDATE subscriber SET {", ".join(f"{name} = ?" for name in TEXTS)}, organisation_id = ?, birthday = ?,
            territory_id = ?, fields = ?, folded = ?, updated_at = ? WHERE tenant_id = ? AND id = ?""",  # noqa: S608 - constant names
            rows,
        )
        before = [
            {k: v for k, v in known[p.key].items() if k not in ("address", "address_key")} for p in people
        ]
        _many(
            "INSERT INTO import_trace (tenant_id, job_id, subscriber_id, before) VALUES (?, ?, ?, ?)",
            [(self._tenant_id, self._job.id, row["id"], _json(row)) for row in before],
        )

    def _enlist(self, person_ids: list[int], new_ids: Iterable[int]) -> None:
        """New people onto the default list, everybody onto the list that was chosen."""
        default_id = lists.default(self._tenant_id).id
        wanted = {(default_id, person_id) for person_id in new_ids}
        if self._options.list_id:
            wanted |= {(self._options.list_id, person_id) for person_id in person_ids}
        lists.enlist(self._tenant_id, sorted(wanted))

    def _subscribe(self, reached: list[tuple[int, Person]]) -> None:
        """One step of consent for everybody, by the same table as everywhere (consent.TRANSITIONS)."""
        type_id = self._options.type_id
        if not type_id or not reached:
            return
        query = Subscription.select(Subscription.subscriber_id, Subscription.consent).where(
            Subscription.tenant_id == self._tenant_id,
            Subscription.type_id == type_id,
            Subscription.subscriber_id.in_([person_id for person_id, _ in reached]),
        )
        before: dict[int, str] = dict(query.tuples())
        fresh, moved, events = [], [], []
        for person_id, person in reached:
            act = "import_revoked" if person.values.is_off else f"import_{self._options.consent}"
            allowed, after = consent.TRANSITIONS[act]
            state = Consent(before[person_id]) if person_id in before else None
            if state not in allowed or state == after:
                continue
            if state is None:
                fresh.append((self._tenant_id, person_id, type_id, str(after), self._now))
            else:
                moved.append((str(after), self._now, self._tenant_id, type_id, person_id))
            events.append(self._event(person_id, person, act, state or "", str(after)))
        _many(
            "INSERT INTO subscription (tenant_id, subscriber_id, type_id, consent, changed_at) VALUES (?, ?, ?, ?, ?)",
            fresh,
        )
        _many(
            """UPDATE subscription SET consent = ?, changed_at = ?
            WHERE tenant_id = ? AND type_id = ? AND subscriber_id = ?""",
            moved,
        )
        _many(
            """INSERT INTO consent_event (tenant_id, subscriber_id, type_id, address_hash, act, before, after,
            consent_text, consent_version, form, ip, agent, by_id, at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, '', '', ?, ?)""",
            events,
        )

    def _event(self, person_id: int, person: Person, act: str, before: str, after: str) -> tuple[Any, ...]:
        proof = "; ".join(filter(None, (self._options.proof.strip(), person.values.proof)))
        return (
            self._tenant_id, person_id, self._options.type_id, addresses.hash_of(person.key, self._tenant_id), act,
            str(before), after, proof, f"import {self._job.id}", self._job.by_id, self._now,
        )  # fmt: skip

    def _reject(self, rejects: list[Reject]) -> None:
        _many(
            "INSERT INTO import_reject (tenant_id, job_id, row, cells, reason, params) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    self._tenant_id,
                    self._job.id,
                    r.record.line,
                    _json(r.record.cells),
                    r.reason,
                    _json(r.params),
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

    def _text(self, person: Person, name: str) -> str:
        text = person.values.texts.get(name, "")
        return words.one_line(text, directory.TEXT_FIELDS[name]) if text else ""

    def _place(self, person: Person) -> int | None:
        text = person.values.territory
        return self._places[territory.folded(text)] if text else None

    def _organisation(self, person: Person) -> str:
        return words.one_line(person.values.organisation, 200)

    def _organisations(self, people: list[Person]) -> dict[str, int]:
        """Name → id, made where it is missing."""
        wanted = {self._organisation(person) for person in people if person.values.organisation} - {""}
        if not wanted:
            return {}
        query = (
            Organisation.select(Organisation.name, Organisation.id)
            .where(Organisation.tenant_id == self._tenant_id, Organisation.name.in_(sorted(wanted)))
            .order_by(Organisation.id.desc())
        )
        found: dict[str, int] = dict(query.tuples())
        missing = sorted(wanted - set(found))
        if missing:
            rows = [
                {
                    "tenant_id": self._tenant_id, "name": name, "folded": words.folded(name)[:400],
                    "created_at": self._now, "updated_at": self._now,
                }
                for name in missing
            ]  # fmt: skip
            Organisation.insert_many(rows).execute()
            found |= dict(query.tuples())
        return found


def _many(statement: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        database.cursor().executemany(sql(statement), rows)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
