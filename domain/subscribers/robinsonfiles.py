"""Whole files into the suppression list: addresses, domains, patterns, hashes; text or the bytes of the ECG list.

The work process takes them in: entries chunk by chunk, then everybody is compared once with the rules, however many
the file brought. The row of the file is the truth and says how far that is, so that whoever finds it goes on there.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from peewee import SQL, Expression, chunked

from domain import bounds, clock
from domain.audit import log
from domain.db import among, database, sql, unscoped
from domain.errors import N_, Invalid, NotFound
from domain.subscribers import addresses, imports, rules, sweeps, words, workbooks
from domain.subscribers.models import Subscriber, Suppression, SuppressionFile, SuppressionRule
from domain.subscribers.rules import Asked

CHUNK = 2_000
MAX_BYTES = 60 * 1024 * 1024
DIGEST = 20  # bytes of a SHA-1 in the ECG list
STALE_S = 60  # a worker that wrote nothing for this long has died
AT_ONCE = 2_000  # lines up to which somebody waits for the page


def receive(
    tenant_id: int, filename: str, path: Path, root: Path, reason: str, until: datetime | None, user_id: int
) -> SuppressionFile:
    """Keep a file to be taken in; raises Invalid for one that is too large. The caller nudges the worker."""
    bounds.refuse_beyond()
    if path.stat().st_size > MAX_BYTES:
        raise Invalid(
            N_("The file is larger than %(size)s MB. Divide it into several files."), size=MAX_BYTES >> 20
        )
    imports.as_text(path)
    with path.open("rb") as source:
        if workbooks.is_one(source.read(4)):
            raise Invalid(workbooks.unreadable(path))
    return SuppressionFile.create(
        tenant_id=tenant_id, filename=filename[-255:] or "list.txt", path=str(path.relative_to(root)),
        reason=words.one_line(reason, 300), until=until, by_id=user_id, lines=_lines(path),
    )  # fmt: skip


def get(tenant_id: int, file_id: int) -> SuppressionFile:
    """A file of the tenant; raises NotFound."""
    found = SuppressionFile.get_or_none(SuppressionFile.tenant_id == tenant_id, SuppressionFile.id == file_id)
    if found is None:
        raise NotFound
    return found


def open_ones(tenant_id: int) -> list[SuppressionFile]:
    """Files that are not on the list altogether, newest first."""
    query = SuppressionFile.select().where(
        SuppressionFile.tenant_id == tenant_id, SuppressionFile.state.in_(["queued", "running"])
    )
    return list(query.order_by(SuppressionFile.id.desc()).limit(10))


def is_small(job: SuppressionFile) -> bool:
    """Whether taking it in takes no longer than a page may."""
    return job.lines <= AT_ONCE and sweeps.is_small(job.tenant_id)


@unscoped("one worker serves all tenants")
def due() -> list[int]:
    """Files of all tenants that wait, or whose worker has died."""
    query = SuppressionFile.select(SuppressionFile.id).where(_claimable())
    return [row[0] for row in query.order_by(SuppressionFile.id).tuples()]


@unscoped("a file is taken by its number; it names its tenant from there on")
def claim(file_id: int) -> SuppressionFile | None:
    """Take a file that waits or was left behind; None if somebody else has it or nothing is to be done."""
    taken = (
        SuppressionFile.update(state="running", owner_beat=clock.epoch())
        .where(SuppressionFile.id == file_id, _claimable())
        .execute()
    )
    return SuppressionFile.get_by_id(file_id) if taken else None


def run(job: SuppressionFile, root: Path, waiting: sweeps.Waiting = lambda _tenant_id: ()) -> None:
    """Take in what is still open of a file, and forget the file. What stands on the list stays. A rule that was
    written by hand is compared with everybody and with the keys of mails that are `waiting`."""
    if job.rule_id is not None:
        sweeps.run(job, waiting)
        return
    path = root / job.path
    if not path.exists():
        _end(job, "failed")
        return
    for some in chunked(islice(_read(path), job.entries_done, None), CHUNK):
        _enter(job, list(some))
    if job.has_rules:
        _compare(job)
    _end(job, "done")
    path.unlink(missing_ok=True)
    log.record(
        job.tenant_id, "suppression.import", user_id=job.by_id, kind="suppression",
        details={"added": job.added, "known": job.known, "unread": job.unread, "reason": job.reason},
    )  # fmt: skip


def fail(job: SuppressionFile) -> None:
    """End a file that cannot be taken in; what was, stays."""
    _end(job, "failed")


def _enter(job: SuppressionFile, some: list[Asked | str]) -> None:
    """The next entries of a file, in one transaction with how far it is."""
    asked = [one for one in some if isinstance(one, Asked)]
    odd = [one for one in some if isinstance(one, str)]
    keys = [one.value for one in asked if one.kind == "address"]
    with database.atomic():
        fresh = _addresses(job, keys)
        written = _rules(job, [one for one in asked if one.kind != "address"])
        job.has_rules = job.has_rules or len(keys) < len(asked)
        job.entries_done += len(some)
        job.added += fresh + written
        job.known += len(asked) - fresh - written
        job.unread += len(odd)
        job.first_unread = job.first_unread or (odd[0][:80] if odd else "")
        job.owner_beat = clock.epoch()
        job.save()


def _compare(job: SuppressionFile) -> None:
    """Compare everybody with the rules of the tenant, in one walk by number."""
    mine = Subscriber.select(Subscriber.id, Subscriber.address_key).where(
        Subscriber.tenant_id == job.tenant_id, Subscriber.address_key.is_null(False)
    )
    if not job.after_id:
        job.people_total = mine.count()
    while rows := list(
        mine.where(Subscriber.id > job.after_id).order_by(Subscriber.id).limit(CHUNK).tuples()
    ):
        with database.atomic():
            job.people += len(rules.resolve(job.tenant_id, [key for _id, key in rows]))
            job.after_id = rows[-1][0]
            job.people_done += len(rows)
            job.owner_beat = clock.epoch()
            job.save()


def _end(job: SuppressionFile, state: str) -> None:
    job.state, job.finished_at = state, clock.now()
    job.save()


def _claimable() -> Expression:
    return (SuppressionFile.state == "queued") | (
        (SuppressionFile.state == "running") & (SuppressionFile.owner_beat < clock.epoch() - STALE_S)
    )


def _is_ecg(path: Path) -> bool:
    """Whether a file is nothing but hashes one behind the other."""
    with path.open("rb") as source:
        start = source.read(4_096)
    return (
        b"\n" not in start
        and path.stat().st_size % DIGEST == 0
        and any(byte < 9 or byte > 126 for byte in start)
    )


def _lines(path: Path) -> int:
    if _is_ecg(path):
        return path.stat().st_size // DIGEST
    with path.open("rb") as source:
        return sum(piece.count(b"\n") for piece in iter(lambda: source.read(1 << 20), b"")) + 1


def _read(path: Path) -> Iterator[Asked | str]:
    """What each line says; a line that says nothing we know comes back as text."""
    if _is_ecg(path):
        with path.open("rb") as source:
            while digest := source.read(DIGEST):
                yield Asked("sha1", digest.hex())
        return
    with path.open(encoding="utf-8-sig", errors="replace") as text:
        for number, line in enumerate(text):
            cell = line.replace(",", ";").replace("\t", ";").split(";")[0].strip()
            if not cell:
                continue
            try:
                yield rules.read(cell)
            except Invalid:
                if number or "@" in cell:  # the first line may be a heading
                    yield cell[:80]


def _addresses(job: SuppressionFile, keys: list[str]) -> int:
    """Write addresses of a file; returns how many were not on the list."""
    if not keys:
        return 0
    tenant_id, until = job.tenant_id, job.until
    now, end = clock.epoch(), int(until.timestamp()) if until else None
    hashes = {addresses.hash_of(key, tenant_id): key for key in keys}
    known = _known(tenant_id, list(hashes))
    cursor = database.cursor()
    cursor.executemany(
        sql(
            """INSERT INTO suppression (tenant_id, address_key, address_hash, reason, source, by_id, until, created_at)
            VALUES (?, ?, ?, ?, 'import', ?, ?, ?) ON CONFLICT (tenant_id, address_hash) DO UPDATE SET
            source = excluded.source, reason = excluded.reason, by_id = excluded.by_id, rule_id = NULL, until = CASE
                WHEN suppression.until IS NULL OR excluded.until IS NULL THEN NULL
                WHEN suppression.until > excluded.until THEN suppression.until ELSE excluded.until END
            WHERE suppression.source = 'rule' OR suppression.until IS NOT NULL"""
        ),
        [(tenant_id, key, digest, job.reason, job.by_id, end, now) for digest, key in hashes.items()],
    )
    return len(hashes) - known


def _known(tenant_id: int, hashes: list[str]) -> int:
    """How many of these stand on the list."""
    one_of, bound = among("address_hash", hashes)
    query = Suppression.select().where(Suppression.tenant_id == tenant_id, SQL(sql(one_of), bound))
    return int(query.count())


def _rules(job: SuppressionFile, asked: list[Asked]) -> int:
    """Write rules of a file; returns how many were not on the list."""
    if not asked:
        return 0
    tenant_id = job.tenant_id
    values = [a.value for a in asked]
    mine = (SuppressionRule.tenant_id == tenant_id, SuppressionRule.value.in_(values))
    before = {(rule.kind, rule.value) for rule in SuppressionRule.select().where(*mine)}
    fresh = [a for a in dict.fromkeys(asked) if (a.kind, a.value) not in before]
    rows = [
        {
            "tenant_id": tenant_id, "kind": a.kind, "value": a.value, "reason": job.reason, "source": "import",
            "by_id": job.by_id, "until": job.until, "created_at": clock.now(),
        }
        for a in fresh
    ]  # fmt: skip
    for some in chunked(rows, 500):
        SuppressionRule.insert_many(list(some)).execute()
    return len(fresh)
