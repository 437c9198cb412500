"""Moves the places of many contacts at once, when a series goes on after a pause."""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from domain import clock
from domain.automailers.machine import State
from domain.automailers.models import Automailer, Why
from domain.db import database, sql

_NEXT = """(SELECT s.id FROM automailer_step s WHERE s.tenant_id = enrolment.tenant_id
    AND s.automailer_id = enrolment.automailer_id AND NOT EXISTS (SELECT 1 FROM enrolment_mail m
        WHERE m.tenant_id = enrolment.tenant_id AND m.enrolment_id = enrolment.id AND m.step_id = s.id)
    ORDER BY s.position, s.id LIMIT 1)"""


def shift(automailer: Automailer, stood_from: int, until: int) -> None:
    """The clock of the series stood still: what was left of everybody's waiting time is left still, as
    `machine.shifted` says of one."""
    database.execute_sql(
        sql(
            """UPDATE enrolment SET next_at = CASE WHEN next_at > ? THEN next_at ELSE ? END + ?
            WHERE tenant_id = ? AND automailer_id = ? AND state = ? AND next_at IS NOT NULL"""
        ),
        [stood_from, stood_from, until - stood_from, automailer.tenant_id, automailer.id, str(State.RUNNING)],
    )


def place_anew(automailer: Automailer) -> None:
    """Steps may have been moved, added and removed: the next one of each contact is the first that was not sent."""
    mine = [automailer.tenant_id, automailer.id, str(State.RUNNING), str(State.SUSPENDED)]
    where = "tenant_id = ? AND automailer_id = ? AND state IN (?, ?)"
    database.execute_sql(sql(f"UPDATE enrolment SET step_id = {_NEXT} WHERE {where}"), mine)
    database.execute_sql(
        sql(
            f"""UPDATE enrolment SET state = ?, why = ?, next_at = NULL, suspended_at = NULL, changed_at = ?
            WHERE step_id IS NULL AND {where}"""
        ),
        [str(State.FINISHED), str(Why.DONE), clock.epoch(), *mine],
    )
