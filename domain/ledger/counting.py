"""Openings and clicks: of a person as one row per mail and link, of nobody in particular as numbers.

What a person did can become a number of nobody's at any time (`forget`); the figures of a mailing stay true then.
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from collections.abc import Sequence

from domain import clock
from domain.db import database, sql

OPENED, CLICKED = "opened", "clicked"
MACHINE = {OPENED: "machine_opened", CLICKED: "machine_clicked"}
CHUNK = 2_000


def note(tenant_id: int, delivery_id: int, campaign_id: int, kind: str, link: int) -> None:
    """Somebody has opened a mail (link 0) or followed one of its links; again it is the same row with one more."""
    now = clock.epoch()
    database.execute_sql(
        sql(
            """INSERT INTO delivery_event (tenant_id, delivery_id, campaign_id, kind, detail, at, link, times, first_at)
            VALUES (?, ?, ?, ?, '', ?, ?, 1, ?) ON CONFLICT (tenant_id, delivery_id, kind, link)
            DO UPDATE SET times = delivery_event.times + 1, at = excluded.at"""
        ),
        [tenant_id, delivery_id, campaign_id, kind, now, link, now],
    )


def add(tenant_id: int, campaign_id: int, revision_id: int, kind: str, link: int) -> None:
    """One more opening or click of nobody in particular."""
    database.execute_sql(
        sql(
            """INSERT INTO measure_tally (tenant_id, campaign_id, revision_id, kind, link, times, people)
            VALUES (?, ?, ?, ?, ?, 1, 0) ON CONFLICT (tenant_id, campaign_id, revision_id, kind, link)
            DO UPDATE SET times = measure_tally.times + 1"""
        ),
        [tenant_id, campaign_id, revision_id, kind, link],
    )


def forget_person(tenant_id: int, subscriber_id: int) -> None:
    """What one person opened and clicked becomes numbers of nobody's. In the caller's transaction."""
    inside = "SELECT id FROM delivery WHERE tenant_id = ? AND subscriber_id = ?"
    _forget(tenant_id, f"delivery_id IN ({inside})", [tenant_id, subscriber_id])


def forget(tenant_id: int, campaign_id: int) -> int:
    """The same of everybody a mailing went to, in portions; returns how many rows went."""
    gone = 0
    while True:
        rows = database.execute_sql(
            sql(
                f"""SELECT DISTINCT delivery_id FROM delivery_event WHERE tenant_id = ? AND campaign_id = ?
                AND kind IN ('{OPENED}', '{CLICKED}') LIMIT {CHUNK}"""
            ),
            [tenant_id, campaign_id],
        ).fetchall()
        if not rows:
            return gone
        ids = [row[0] for row in rows]
        for first in range(0, len(ids), 500):
            some = ids[first : first + 500]
            with database.atomic():
                gone += _forget(tenant_id, f"delivery_id IN ({_places(some)})", some)


def _forget(tenant_id: int, whose: str, values: Sequence[int]) -> int:
    mine = f"e.tenant_id = ? AND e.kind IN ('{OPENED}', '{CLICKED}') AND e.{whose}"
    source = """delivery_event e JOIN delivery d ON d.id = e.delivery_id AND d.tenant_id = e.tenant_id
        JOIN campaign c ON c.id = e.campaign_id AND c.tenant_id = e.tenant_id"""
    revision = "COALESCE(d.revision_id, c.revision_id, 0)"
    per_link = f"""SELECT e.tenant_id, e.campaign_id, {revision}, e.kind, COALESCE(e.link, 0), SUM(e.times), COUNT(*)
        FROM {source} WHERE {mine} AND (e.kind = '{OPENED}' OR e.link IS NOT NULL) GROUP BY 1, 2, 3, 4, 5"""
    per_mail = f"""SELECT e.tenant_id, e.campaign_id, {revision}, e.kind, 0, 0, COUNT(DISTINCT e.delivery_id)
        FROM {source} WHERE {mine} AND e.kind = '{CLICKED}' GROUP BY 1, 2, 3, 4"""
    for chosen in (per_link, per_mail):
        database.execute_sql(
            sql(
                f"""INSERT INTO measure_tally (tenant_id, campaign_id, revision_id, kind, link, times, people)
                SELECT * FROM ({chosen}) AS found WHERE TRUE
                ON CONFLICT (tenant_id, campaign_id, revision_id, kind, link) DO UPDATE SET
                times = measure_tally.times + excluded.times, people = measure_tally.people + excluded.people"""
            ),
            [tenant_id, *values],
        )
    done = database.execute_sql(
        sql(
            f"DELETE FROM delivery_event WHERE tenant_id = ? AND kind IN ('{OPENED}', '{CLICKED}') AND {whose}"
        ),
        [tenant_id, *values],
    )
    return int(done.rowcount)


def _places(values: Sequence[int]) -> str:
    return ", ".join("?" * len(values))
