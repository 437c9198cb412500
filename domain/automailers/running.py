"""What the work process does with series: contacts come in and out by what happens to them, and due steps go into the
ledger. Every sweep can be repeated and broken off anywhere: a step and its delivery are written in one transaction.
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from collections.abc import Sequence
from typing import Any

from peewee import Field

from domain import clock
from domain.automailers import enrolments, machine, series
from domain.automailers.machine import Place, State
from domain.automailers.models import (
    Automailer,
    AutomailerState,
    AutomailerStep,
    Enrolment,
    EnrolmentMail,
    Why,
)
from domain.campaigns import adding
from domain.campaigns.models import Campaign
from domain.db import among, database, is_postgres, sql, unscoped
from domain.ledger.states import LeftOut
from domain.subscribers.facets import tracks
from domain.subscribers.facets.models import Holder
from domain.tenancy.models import Tenant, TenantStatus

BATCH = 200
OVERLAP_S = 60  # looked at again: what was committed late would else be overlooked
EVENTS = 500
_SENDING = (TenantStatus.ACTIVE, TenantStatus.NO_SIGN_IN)


@unscoped("one sweep serves all tenants")
def live() -> list[Automailer]:
    """Series of all tenants that contacts come into; those of a suspended tenant wait with it."""
    query = (
        Automailer.select()
        .join(Tenant, on=(Tenant.id == Automailer.tenant_id))
        .where(Automailer.state.in_(list(series.LIVE)), Tenant.status.in_(list(_SENDING)))
    )
    return list(query.order_by(Automailer.id))


def take_in(automailer: Automailer) -> None:
    """Contacts who signed up, or whose status changed, since the last look."""
    now = clock.epoch()
    if automailer.start == "sign_up":
        _signed_up(automailer, now)
    if automailer.start == "status" and automailer.start_values:
        _came_to(automailer, now)
    if automailer.stop_values:
        with database.atomic():
            _stop(automailer, f"st.at > {int(automailer.looked_at) - OVERLAP_S}", "TRUE", [])
    Automailer.update(looked_at=now).where(
        Automailer.tenant_id == automailer.tenant_id, Automailer.id == automailer.id
    ).execute()


def _signed_up(automailer: Automailer, now: int) -> None:
    """Whoever has confirmed the type. The cursor stays behind what is younger than OVERLAP_S."""
    after, settled = int(automailer.event_cursor), int(automailer.event_cursor)
    while True:
        rows = database.execute_sql(  # the plus: SQLite is to go by the number of the event
            sql(
                """SELECT e.id, e.subscriber_id, e.at,
                    e.type_id = ? AND e.after = 'confirmed' AND e.before <> 'confirmed'
                FROM consent_event e WHERE +e.tenant_id = ? AND e.id > ? ORDER BY e.id LIMIT ?"""
            ),
            [automailer.type_id, automailer.tenant_id, after, EVENTS],
        ).fetchall()
        came = sorted({row[1] for row in rows if row[3] and row[1] is not None})
        old = [row[0] for row in rows if row[2] <= now - OVERLAP_S]
        settled = max([settled, *old])
        with database.atomic():
            if came:
                meant, bound = among("s.id", came)
                enrolments.enrol(automailer, meant, bound, Why.SIGN_UP, None)
            Automailer.update(event_cursor=settled).where(
                Automailer.tenant_id == automailer.tenant_id, Automailer.id == automailer.id
            ).execute()
        if len(rows) < EVENTS:
            return
        after = rows[-1][0]


def _came_to(automailer: Automailer, now: int) -> None:
    """Whoever came to one of the values: comes in, or goes on if a status had suspended him."""
    since = int(automailer.looked_at) - OVERLAP_S
    there, bound = _standing(automailer, automailer.start_holder, automailer.start_values, f"st.at > {since}")
    with database.atomic():
        person = "s.id" if automailer.start_holder == Holder.SUBSCRIBER else "s.organisation_id"
        enrolments.enrol(automailer, f"{person} IN ({there})", bound, Why.STATUS, None)
    if automailer.stop_values:
        query = Enrolment.select().where(
            Enrolment.tenant_id == automailer.tenant_id, Enrolment.automailer_id == automailer.id,
            Enrolment.state == State.SUSPENDED, Enrolment.why == Why.STATUS,
        )  # fmt: skip
        rows = database.execute_sql(sql(there), bound).fetchall()
        came = {row[0] for row in rows}
        for found in query.where(_held_by(automailer.start_holder).in_(sorted(came) or [0])):
            enrolments.resume(automailer, found, None, Why.STATUS)


def _stop(automailer: Automailer, recent: str, which: str, values: list[Any]) -> int:
    """Suspend those of `which` (over enrolment) who stand at a value that suspends."""
    there, bound = _standing(automailer, automailer.stop_holder, automailer.stop_values, recent)
    name = _held_by(automailer.stop_holder).column_name
    now = series.time_of(automailer)
    made = database.execute_sql(
        sql(
            f"""UPDATE enrolment SET state = ?, why = ?, reason = NULL, suspended_at = ?, changed_at = ?
            WHERE tenant_id = ? AND automailer_id = ? AND state = ? AND {which} AND {name} IN ({there})"""
        ),
        [
            str(State.SUSPENDED), str(Why.STATUS), now, clock.epoch(), automailer.tenant_id, automailer.id,
            str(State.RUNNING), *values, *bound,
        ],
    )  # fmt: skip
    return int(made.rowcount)


def _standing(automailer: Automailer, holder: str, ids: Sequence[int], recent: str) -> tuple[str, list[Any]]:
    places = ", ".join(str(int(i)) for i in ids) or "NULL"
    text = f"""SELECT st.holder_id FROM standing st WHERE st.tenant_id = ? AND st.value_id IN ({places})
        AND st.holder = ? AND {recent}"""
    return text, [automailer.tenant_id, str(holder)]


def _held_by(holder: str) -> Field:
    """What an enrolment says of whose status counts."""
    return Enrolment.subscriber_id if holder == Holder.SUBSCRIBER else Enrolment.organisation_id


def send_due(automailer: Automailer) -> list[int]:
    """Put every due step of a series into the ledger; returns the mailings that now have somebody waiting."""
    if automailer.state != AutomailerState.ACTIVE:
        return []
    found = series.steps(automailer)
    reckoned = series.reckoned(automailer, found)
    if not found or not reckoned.window.holds(clock.epoch()):
        return []
    carriers = series.carriers(automailer, found)
    woken = []
    for step in found:
        campaign = carriers.get(step.campaign_id or 0)
        while adding.takes(campaign):
            taken, went = _send(automailer, reckoned, step, campaign)
            if went:
                woken.append(campaign.id)
            if taken < BATCH:
                break
    return sorted(set(woken))


def _send(
    automailer: Automailer, reckoned: machine.Series, step: AutomailerStep, campaign: Campaign
) -> tuple[int, int]:
    """One batch of a step in one transaction; (enrolments looked at, mails written)."""
    with database.atomic():
        now = clock.epoch()
        if not _still_active(automailer) or not reckoned.window.holds(now):
            return 0, 0
        due = _due(automailer, step, now)
        if due and automailer.stop_values:
            which, bound = among("id", [row.id for row in due])
            if _stop(automailer, "TRUE", which, bound):
                due = _due(automailer, step, now)
        if not due:
            return 0, 0
        added = adding.add(campaign, [row.subscriber_id for row in due])
        going = [row for row in due if row.subscriber_id in added.deliveries]
        _go_on(automailer, reckoned, going, now)
        _note(step, {row.id: added.deliveries[row.subscriber_id] for row in going}, now)
        for row in due:
            if row.subscriber_id in added.left_out:
                _leave_out(row, added.left_out[row.subscriber_id], now)
        if step.value_id:
            track = tracks.get(automailer.tenant_id, step.track_id or 0)
            for row in going:
                tracks.put(
                    automailer.tenant_id, Holder.SUBSCRIBER, row.subscriber_id, track, step.value_id, None
                )
        return len(due), len(going)


def _note(step: AutomailerStep, deliveries: dict[int, int], now: int) -> None:
    """That a step went: enrolment → delivery."""
    key = {"tenant_id": step.tenant_id, "automailer_id": step.automailer_id, "step_id": step.id, "at": now}
    rows = [{**key, "enrolment_id": i, "delivery_id": delivery} for i, delivery in deliveries.items()]
    if rows:
        EnrolmentMail.insert_many(rows).execute()


def _still_active(automailer: Automailer) -> bool:
    """Asked in the transaction; on PostgreSQL a pause waits for its end."""
    lock = " FOR SHARE" if is_postgres() else ""
    row = database.execute_sql(
        sql(f"SELECT state, version FROM automailer WHERE tenant_id = ? AND id = ?{lock}"),
        [automailer.tenant_id, automailer.id],
    ).fetchone()
    return row is not None and row[0] == AutomailerState.ACTIVE and row[1] == automailer.version


def _due(automailer: Automailer, step: AutomailerStep, now: int) -> list[Enrolment]:
    query = (
        Enrolment.select()
        .where(
            Enrolment.tenant_id == automailer.tenant_id, Enrolment.automailer_id == automailer.id,
            Enrolment.state == State.RUNNING, Enrolment.step_id == step.id, Enrolment.next_at <= now,
        )
        .order_by(Enrolment.next_at, Enrolment.id)
        .limit(BATCH)
    )  # fmt: skip
    return list(query.for_update("FOR UPDATE SKIP LOCKED") if is_postgres() else query)


def _go_on(automailer: Automailer, reckoned: machine.Series, going: list[Enrolment], now: int) -> None:
    """Everybody of a batch by the machine, before the step is noted; many stand alike, so that they are written by
    groups."""
    sent = enrolments.sent(automailer.tenant_id, [row.id for row in going])
    groups: dict[tuple[Any, ...], list[int]] = {}
    for row in going:
        after = reckoned.sent(Place(State.RUNNING, sent.get(row.id, ()), row.step_id, row.next_at), now)
        groups.setdefault((after.state, after.step_id, after.next_at), []).append(row.id)
    for (state, step_id, next_at), ids in groups.items():
        why = {"why": Why.DONE} if state == State.FINISHED else {}
        Enrolment.update(state=state, step_id=step_id, next_at=next_at, changed_at=clock.now(), **why).where(
            Enrolment.tenant_id == automailer.tenant_id, Enrolment.id.in_(ids)
        ).execute()


def _leave_out(row: Enrolment, reason: LeftOut, now: int) -> None:
    """No mail may go: whoever has signed off is out, the others wait for somebody to look."""
    gone = reason == LeftOut.UNSUBSCRIBED
    Enrolment.update(
        state=State.REMOVED if gone else State.SUSPENDED, why=Why.LEFT_OUT, reason=int(reason), suspended_at=now,
        by_id=None, changed_at=clock.now(),
    ).where(Enrolment.tenant_id == row.tenant_id, Enrolment.id == row.id).execute()  # fmt: skip
