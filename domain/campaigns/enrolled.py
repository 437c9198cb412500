"""What erasing, merging and telling a person's data must know of the automailers, whose rows hang on people: by the
names of their tables, because the automailers stand above the mailings."""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from typing import Any

from domain import clock
from domain.db import among, database, sql

# of two people in one series the steps that either got are sent; the place of the one who stays holds
MOVES = (
    """INSERT INTO enrolment_mail (tenant_id, automailer_id, step_id, delivery_id, at, enrolment_id)
    SELECT m.tenant_id, m.automailer_id, m.step_id, m.delivery_id, m.at, k.id
    FROM enrolment_mail m JOIN enrolment d ON d.tenant_id = m.tenant_id AND d.id = m.enrolment_id
    JOIN enrolment k ON k.tenant_id = d.tenant_id AND k.automailer_id = d.automailer_id AND k.subscriber_id = {keep}
    WHERE m.tenant_id = ? AND d.subscriber_id = ? ON CONFLICT DO NOTHING""",
    """UPDATE enrolment SET subscriber_id = ? WHERE tenant_id = ? AND subscriber_id = ? AND automailer_id NOT IN (
    SELECT k.automailer_id FROM enrolment k WHERE k.tenant_id = enrolment.tenant_id AND k.subscriber_id = {keep})""",
)


def forget(tenant_id: int, ids: list[int]) -> None:
    """Take deleted people out of every series. In the caller's transaction."""
    inside, bound = among("subscriber_id", ids)
    database.execute_sql(
        sql(
            f"""DELETE FROM enrolment_mail WHERE tenant_id = ? AND enrolment_id IN (
            SELECT id FROM enrolment WHERE tenant_id = ? AND {inside})"""
        ),
        [tenant_id, tenant_id, *bound],
    )
    database.execute_sql(sql(f"DELETE FROM enrolment WHERE tenant_id = ? AND {inside}"), [tenant_id, *bound])


def told(tenant_id: int, subscriber_id: int) -> list[dict[str, Any]]:
    """The series that a person is or was in, for the person."""
    rows = database.execute_sql(
        sql(
            """SELECT a.name, e.state, e.started_at FROM enrolment e
            JOIN automailer a ON a.tenant_id = e.tenant_id AND a.id = e.automailer_id
            WHERE e.tenant_id = ? AND e.subscriber_id = ? ORDER BY e.id"""
        ),
        [tenant_id, subscriber_id],
    ).fetchall()
    return [
        {"name": name, "state": state, "since": clock.moment(at).isoformat(timespec="seconds")}
        for name, state, at in rows
    ]
