"""How the audience pages, segments, import and export behave with many people. Prints one JSON line last.

ROWS (default 1000000) people of one tenant beside a tenant of 10,000: 10 own fields, 5 types, 20 lists. DATABASE_URL
names the database (default: SQLite in a temporary folder; `postgresql:` starts a throw-away server). `pages` are
medians of both tenants in the same run, `later` those of what large pages ask for when they stand; the other figures
are ratios to plain SQL over the same rows.

To look at one thing while it is being mended: KEEP=folder keeps the tenants there (on a server: in a database of
its own) for the next run, PAGES="words" asks only for pages whose names hold one of them, STEPS="pages segment export
import" leaves out what is not named.
"""

import csv
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import audience_pages
import crowd
from house import SECRET, _database

from domain import db, tokens
from domain.db import database, sql
from domain.segments import catalogue, compile, people, query
from domain.subscribers import imports, lists, spreadsheet
from domain.subscribers.facets import fields
from domain.subscribers.models import ImportJob, NewsletterType
from domain.tenancy.models import Tenant

ROWS = int(os.environ.get("ROWS", "1000000"))
SMALL = 10_000


def segment_ratio(tenant: Tenant) -> float:
    """A count with five conditions beside the SQL that somebody would write by hand."""
    kind = NewsletterType.get(NewsletterType.tenant_id == tenant.id)
    chosen = lists.every(tenant.id)[1]
    own = fields.every(tenant.id)[0]
    rules = [
        {"field": "person:city", "op": "one_of", "value": ["Celle, Bonn, Ulm"]},
        {"field": f"own:{own.id}", "op": "gt", "value": ["500"]},
        {"field": f"type:{kind.id}", "op": "is", "value": ["confirmed"]},
        {"field": "list", "op": "is", "value": [str(chosen.id)]},
        {"field": "person:created_at", "op": "last_days", "value": ["300"]},
    ]
    group, problems = query.read({"match": "all", "rules": rules}, catalogue.every(tenant.id))
    if problems:
        raise SystemExit(str(problems))
    moment = compile.Moment(tenant.id)
    value = (
        "(s.fields::jsonb ->> 'Feld 0')::numeric"
        if db.is_postgres()
        else "json_extract(s.fields, '$.\"Feld 0\"')"
    )
    raw = sql(
        f"""SELECT count(*) FROM subscriber s
        JOIN subscription c ON c.tenant_id = s.tenant_id AND c.type_id = ? AND c.subscriber_id = s.id
        JOIN list_member m ON m.tenant_id = s.tenant_id AND m.list_id = ? AND m.subscriber_id = s.id
        WHERE s.tenant_id = ? AND s.city IN ('Celle', 'Bonn', 'Ulm') AND {value} > 500
        AND c.consent = 'confirmed' AND s.created_at >= ?"""
    )
    values = [kind.id, chosen.id, tenant.id, moment.now - 300 * 86_400]
    ours = lambda: people.count(tenant.id, compile.condition(group, moment))  # noqa: E731
    theirs = lambda: database.execute_sql(raw, values).fetchone()[0]  # noqa: E731
    if ours() != theirs():
        raise SystemExit(f"the counts differ: {ours()} and {theirs()}")
    return median(ours, 5) / median(theirs, 5)


def export_ratio(tenant: Tenant, folder: Path) -> float:
    """Rows per second of our export beside a bare loop from cursor to CSV."""
    columns = ["person:address", "person:first_name", "person:last_name", "person:city", "person:country"]

    def ours() -> None:
        made = compile.condition(query.EVERYBODY, compile.Moment(tenant.id))
        with (folder / "ours.csv").open("w") as out:
            for piece in spreadsheet.csv_lines(columns, people.rows(tenant.id, made, columns)):
                out.write(piece)

    def bare() -> None:
        with (folder / "bare.csv").open("w") as out:
            writer = csv.writer(out, delimiter=";")
            cursor = database.execute_sql(
                sql(
                    "SELECT address, first_name, last_name, city, country FROM subscriber WHERE tenant_id = ?"
                ),
                [tenant.id],
            )
            while rows := cursor.fetchmany(5_000):
                writer.writerows(rows)

    return median(bare, 3) / median(ours, 3)


def import_file(path: Path, count: int) -> None:
    """People with master data, an own field and proof, as other programs export them."""
    dice = random.Random(1)
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["Email", "Vorname", "Nachname", "Ort", "Land", "Kundennummer"])
        for n in range(count):
            row = [
                f"new{n}@d{n % 500}.example",
                dice.choice(crowd.FIRST),
                dice.choice(crowd.LAST),
                dice.choice(crowd.CITIES),
                "DE",
                n,
            ]
            writer.writerow(row)


def plain_import(tenant_id: int, count: int) -> float:
    """Seconds for the rows that the import wrote, read back and written into another tenant by executemany or COPY."""
    other = Tenant.create(slug=f"plain-{tenant_id}", name="Plain")
    tables = {
        "subscriber": "address, address_key, salutation, title, first_name, last_name, function, language, city, "
        "country, fields, deliverability, folded, created_at, updated_at",
        "list_member": "list_id, subscriber_id", "subscription": "subscriber_id, type_id, consent, changed_at",
        "consent_event": "subscriber_id, type_id, address_hash, act, before, after, consent_text, consent_version, "
        "form, ip, agent, by_id, at",
    }  # fmt: skip
    total = 0.0
    for table, columns in tables.items():
        text = sql(f"SELECT {columns} FROM {table} WHERE tenant_id = ?")
        rows = [(other.id, *row) for row in database.execute_sql(text, [tenant_id]).fetchall()]
        started = time.perf_counter()
        with database.atomic():
            _write(table, f"tenant_id, {columns}", rows)
        total += time.perf_counter() - started
    return total


def _write(table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    cursor = database.cursor()
    if db.is_postgres():
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    places = ", ".join("?" * len(columns.split(",")))
    cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)


def importing(url: str, folder: Path, count: int) -> tuple[float, float, float]:
    """(rows per second, ratio to plain writing, MB of the process that imported)."""
    tenant = Tenant.create(slug=f"import-{time.time_ns()}", name="Import")
    kind = NewsletterType.create(tenant_id=tenant.id, slug="t", name="Type", consent_text="Yes")
    path = folder / "people.csv"
    import_file(path, count)
    job = imports.receive(tenant.id, "people.csv", path, folder, 1)
    mapping = {int(index): meant for index, meant in job.mapping.items()} | {5: "own"}
    imports.plan(job, mapping, imports.Options(type_ids=[kind.id], consent="proved", proof="Bench"))
    imports.start(job, 1)
    database.close()
    child = subprocess.run(
        [sys.executable, __file__, "--import", url, str(folder), str(job.id)],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    database.connect()
    seconds, rss = json.loads(child.stdout.splitlines()[-1])
    done = ImportJob.get_by_id(job.id)
    if (done.state, done.created_count) != ("done", count):
        raise SystemExit(f"the import ended {done.state} with {done.created_count} people: {done.error}")
    return count / seconds, plain_import(tenant.id, count) / seconds, rss


def run_import(url: str, folder: str, job_id: str) -> None:
    """One import in a process of its own."""
    db.bind(url)
    tokens.configure(SECRET)
    with db.connection():
        job = imports.claim(int(job_id))
        started = time.perf_counter()
        imports.run(job, Path(folder))
        seconds = time.perf_counter() - started
    print(json.dumps([seconds, _peak_mb()]))


def _peak_mb() -> float:
    """The most memory that this process has had; getrusage would begin with that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def median(act: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def place() -> Iterator[tuple[Path, str]]:
    """(folder, URL of a database), both gone afterwards unless they are to be kept."""
    url, kept = os.environ.get("DATABASE_URL", ""), os.environ.get("KEEP", "")
    if not kept:
        with tempfile.TemporaryDirectory(prefix="rundbrief-audience-") as name, _database(name, url) as own:
            yield Path(name), own
        return
    folder = Path(kept)
    folder.mkdir(parents=True, exist_ok=True)
    yield folder, _kept_on(url) if url else f"sqlite:///{folder.resolve()}/portal.db"


def _kept_on(url: str) -> str:
    """A database on a server that runs, made where it is missing."""
    import psycopg

    name = f"rundbrief_audience_{ROWS}"
    with psycopg.connect(url, autocommit=True) as server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            server.execute(f"CREATE DATABASE {name}")
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def tenants() -> tuple[Tenant, Tenant]:
    """(large, small), filled unless an earlier run has."""
    if not Tenant.get_or_none(Tenant.slug == "filled"):
        say(f"writing {ROWS} people …")
        crowd.fill("large", ROWS)
        crowd.fill("small", SMALL)
        if db.is_postgres():
            database.execute_sql("VACUUM ANALYZE")
        Tenant.create(slug="filled", name="The others are complete")
    return Tenant.get(Tenant.slug == "large"), Tenant.get(Tenant.slug == "small")


def main() -> None:
    steps = os.environ.get("STEPS", "pages segment export import").split()
    found: dict[str, Any] = {"rows": ROWS}
    with place() as (folder, url):
        db.bind(url)
        tokens.configure(SECRET)
        db.migrate()
        with db.connection():
            large, small = tenants()
            if "pages" in steps:
                say("asking for pages …")
                wanted = os.environ.get("PAGES", "").split()
                found["pages"], found["later"] = audience_pages.measured(folder, url, small, large, wanted)
                say(json.dumps(found["pages"], indent=1))
            if "segment" in steps:
                found["segment_ratio_raw"] = round(segment_ratio(large), 2)
            if "export" in steps:
                found["export_ratio_raw"] = round(export_ratio(large, folder), 2)
            if "import" in steps:
                say("importing …")
                rate, ratio, rss = importing(url, folder, min(ROWS, 200_000))
                found |= {
                    "import_rows_s": round(rate), "import_ratio_raw": round(ratio, 2), "rss_mb": round(rss)
                }  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--import"]:
        run_import(*sys.argv[2:])
    else:
        main()
