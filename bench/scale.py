"""The same campaign to more and more people: time per mail, memory, and what the snapshot costs beside a bare
hand-written INSERT … SELECT of the same rows. One JSON line last.

SIZES (default 10000,100000,1000000), CONNECTIONS (8), DATABASE_URL (default SQLite; `postgresql:` starts a throw-away
server). The smaller sizes run ROUNDS times (3) and the best counts: a second says less than a minute does.
"""

import json
import os
import shutil
import sys
import time

from house import House, house, sink
from runs import DATABASE_URL, Figures, campaign

from domain import db

SIZES = [int(size) for size in os.environ.get("SIZES", "10000,100000,1000000").split(",")]
CONNECTIONS = int(os.environ.get("CONNECTIONS", "8"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
JSON = {True: "json_build_object(%s)::text", False: "json_object(%s)"}


def bare(home: House) -> float:
    """Seconds that two hand-written statements take for the rows of the snapshot, committed as durably; everything is
    as before afterwards."""
    copy = home.folder / "bare.db"
    if not db.is_postgres():
        db.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(home.folder / "portal.db", copy)
        db.database.close()
        db.bind(f"sqlite:///{copy}").connect()
    values = JSON[db.is_postgres()] % "'@name', s.first_name || ' ' || s.last_name, 'Vorname', s.first_name"
    started = time.perf_counter()
    with db.database.atomic():
        db.database.execute_sql(
            f"""INSERT INTO delivery (tenant_id, campaign_id, subscriber_id, address_key, state, queued_at, attempt,
                next_at, handed_over, maybe_duplicate)
            SELECT s.tenant_id, {home.campaign_id}, s.id, s.address_key, 1, {int(time.time())}, 0, 0, FALSE, FALSE
            FROM subscriber s JOIN subscription c ON c.tenant_id = s.tenant_id AND c.subscriber_id = s.id
            WHERE s.tenant_id = {home.tenant_id} AND c.consent = 'confirmed' ORDER BY s.id"""
        )
        db.database.execute_sql(
            f"""INSERT INTO delivery_payload (delivery_id, tenant_id, campaign_id, address, packed)
            SELECT d.id, d.tenant_id, d.campaign_id, s.address, {values}
            FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id WHERE d.tenant_id = {home.tenant_id}
            ORDER BY d.id"""
        )
    seconds = time.perf_counter() - started
    if db.is_postgres():
        db.database.execute_sql("TRUNCATE delivery, delivery_payload")
    else:
        db.database.close()
        db.bind(home.database_url).connect()
        copy.unlink()
    return seconds


def once(size: int, port: int) -> tuple[Figures, float]:
    """(figures of the product, snapshot over bare)."""
    with house(size, DATABASE_URL) as home:
        seconds = bare(home)
        figures = campaign(home, port, CONNECTIONS, size)
        print(f"{size}: {figures}, bare {seconds:.2f} s", file=sys.stderr)
        return figures, figures.snapshot_s / seconds


def main() -> None:
    sizes = []
    with sink("own") as port:
        for size in SIZES:
            runs = [once(size, port) for _ in range(ROUNDS if size < max(SIZES) else 1)]
            sizes.append(
                {
                    "recipients": size,
                    "snapshot_ratio_raw": round(min(ratio for _, ratio in runs), 2),
                    "rate": round(max(figures.rate for figures, _ in runs)),
                    "rss_mb": max(figures.rss_mb for figures, _ in runs),
                }
            )
    smallest, largest = min(sizes, key=_recipients), max(sizes, key=_recipients)
    print(json.dumps({"sizes": sizes, "growth": round(smallest["rate"] / largest["rate"], 3)}))


def _recipients(size: dict[str, float]) -> float:
    return size["recipients"]


if __name__ == "__main__":
    main()
