"""Who takes part in a series: enrolled by hand, of a list or a segment, suspended, resumed, removed."""

# ruff: noqa: S608 - statements are put together from constants and compiled segments; values are always bound

from collections.abc import Sequence
from typing import Any

from domain import clock
from domain.audit import log
from domain.automailers import machine, series
from domain.automailers.machine import Place, State
from domain.automailers.models import Automailer, Enrolment, EnrolmentMail, Why
from domain.campaigns import audience, conditions
from domain.db import database, sql
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.subscribers import lists
from domain.subscribers.models import Consent, Subscriber
from domain.tenancy import territory

MAILED = (*audience.ALWAYS, Consent.PROVED)
MOST_AT_ONCE = 20_000


def get(automailer: Automailer, enrolment_id: int) -> Enrolment:
    """An enrolment of this series; raises NotFound."""
    found = Enrolment.get_or_none(
        Enrolment.tenant_id == automailer.tenant_id, Enrolment.automailer_id == automailer.id,
        Enrolment.id == enrolment_id,
    )  # fmt: skip
    if found is None:
        raise NotFound
    return found


def add(automailer: Automailer, person: Subscriber, user_id: int | None) -> None:
    """Enrol one person by hand. Raises Conflict if the person is or was in the series, Invalid without an address,
    permission for the type, or territory."""
    with database.atomic():
        if not enrol(automailer, "s.id = ?", [person.id], Why.HAND, user_id):
            here = Enrolment.select().where(
                Enrolment.tenant_id == automailer.tenant_id, Enrolment.automailer_id == automailer.id,
                Enrolment.subscriber_id == person.id,
            )  # fmt: skip
            if here.exists():
                raise Conflict(
                    N_("This contact is in the series already, or was. Look among the enrolments.")
                )
            raise Invalid(N_("This contact may not get mails of this newsletter type."))
        _log(automailer, "automailer.enrol", user_id, subscriber=person.id)


def add_list(automailer: Automailer, list_id: int, user_id: int) -> int:
    """Enrol everybody of a list who may get the type and is not in the series; returns how many."""
    chosen = lists.get(automailer.tenant_id, list_id)
    inside = """EXISTS (SELECT 1 FROM list_member m WHERE m.tenant_id = s.tenant_id AND m.list_id = ?
        AND m.subscriber_id = s.id)"""
    return _add_many(automailer, inside, [chosen.id], Why.LIST, user_id, chosen.name)


def add_segment(automailer: Automailer, segment_id: int, name: str, user_id: int) -> int:
    """Enrol everybody of a segment, as it is now, who may get the type and is not in the series."""
    text, values = conditions.of_segment(automailer.tenant_id, segment_id)
    return _add_many(automailer, f"({text})", list(values), Why.SEGMENT, user_id, name)


def _add_many(
    automailer: Automailer, condition: str, values: list[Any], why: Why, user_id: int, name: str
) -> int:
    source, bound = _people(automailer, condition, values)
    rows = database.execute_sql(
        sql(f"SELECT count(*) FROM (SELECT s.id {source} LIMIT {MOST_AT_ONCE + 1}) found"), bound
    ).fetchone()
    if rows[0] > MOST_AT_ONCE:
        raise Invalid(N_("At most %(most)s people can be added at once. Choose fewer."), most=MOST_AT_ONCE)
    with database.atomic():
        count = enrol(automailer, condition, values, why, user_id)
        _log(automailer, "automailer.enrol", user_id, source=why, name=name, count=count)
    return count


def enrol(
    automailer: Automailer, condition: str, values: Sequence[Any], why: Why, user_id: int | None
) -> int:
    """Put everybody of `condition` over subscriber s into the series, in the caller's transaction; once in it, nobody
    comes in again. Returns how many."""
    if automailer.state not in series.LIVE:
        raise Conflict(N_("Activate the series first; then people can be added."))
    place = series.reckoned(automailer, series.steps(automailer)).begin(series.time_of(automailer))
    source, bound = _people(automailer, condition, values)
    now = clock.epoch()
    made = database.execute_sql(
        sql(
            f"""INSERT INTO enrolment (tenant_id, automailer_id, subscriber_id, organisation_id, state, step_id,
            next_at, why, by_id, started_at, changed_at)
            SELECT s.tenant_id, ?, s.id, s.organisation_id, ?, ?, ?, ?, ?, ?, ? {source} ON CONFLICT DO NOTHING"""
        ),
        [automailer.id, str(place.state), place.step_id, place.next_at, str(why), user_id, now, now, *bound],
    )
    return max(0, int(made.rowcount))


def _people(automailer: Automailer, condition: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """FROM … WHERE over people who may get the type."""
    nodes = (
        territory.below(automailer.tenant_id, automailer.territory_ids) if automailer.territory_ids else []
    )
    places = ", ".join(str(int(node)) for node in nodes) or "NULL"
    inside = f"AND s.territory_id IN ({places})" if automailer.territory_ids else ""
    states = ", ".join(f"'{state}'" for state in MAILED)
    text = f"""FROM subscriber s JOIN subscription c ON c.tenant_id = s.tenant_id AND c.type_id = ?
        AND c.subscriber_id = s.id AND c.consent IN ({states})
        WHERE s.tenant_id = ? AND s.address_key IS NOT NULL {inside} AND {condition}"""
    return text, [automailer.type_id, automailer.tenant_id, *values]


def place(found: Enrolment) -> Place:
    """Where somebody stands, as the machine sees it."""
    ids = sent(found.tenant_id, [found.id]).get(found.id, ())
    return Place(State(found.state), ids, found.step_id, found.next_at, found.suspended_at)


def sent(tenant_id: int, ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Enrolment → the steps that were sent to it, in their order."""
    found: dict[int, tuple[int, ...]] = {}
    rows = EnrolmentMail.select(EnrolmentMail.enrolment_id, EnrolmentMail.step_id).where(
        EnrolmentMail.tenant_id == tenant_id, EnrolmentMail.enrolment_id.in_(list(ids) or [0])
    )
    for enrolment_id, step_id in rows.order_by(EnrolmentMail.id).tuples():
        found[enrolment_id] = (*found.get(enrolment_id, ()), step_id)
    return found


def suspend(automailer: Automailer, found: Enrolment, user_id: int | None, why: Why = Why.HAND) -> None:
    """Nothing more goes to this contact until somebody resumes the enrolment."""
    _step(automailer, found, machine.Series.suspend, user_id, "automailer.suspend", why)


def resume(automailer: Automailer, found: Enrolment, user_id: int | None, why: Why = Why.HAND) -> None:
    """Go on where it stopped; the next mail lies in the future."""
    _step(automailer, found, machine.Series.resume, user_id, "automailer.resume", why)


def remove(automailer: Automailer, found: Enrolment, user_id: int | None, why: Why = Why.HAND) -> None:
    """Out of the series; what was sent stays, and somebody can take the contact in again where it stopped."""
    _step(automailer, found, machine.Series.remove, user_id, "automailer.remove", why)


def _step(
    automailer: Automailer, found: Enrolment, act: Any, user_id: int | None, name: str, why: Why
) -> None:
    if automailer.state not in series.LIVE:
        raise Conflict(N_("This series has ended, or has not begun."))
    reckoned = series.reckoned(automailer, series.steps(automailer))
    with database.atomic():
        before = place(found)
        after = act(reckoned, before, series.time_of(automailer))
        if after == before:
            return
        changed = (
            Enrolment.update(
                state=after.state, step_id=after.step_id, next_at=after.next_at, suspended_at=after.suspended_at,
                why=Why.DONE if after.state == State.FINISHED else why, reason=None, by_id=user_id,
                changed_at=clock.now(),
            )
            .where(
                Enrolment.tenant_id == found.tenant_id, Enrolment.id == found.id, Enrolment.state == found.state,
                Enrolment.step_id == found.step_id if found.step_id else Enrolment.step_id.is_null(),
            )
            .execute()
        )  # fmt: skip
        if not changed:
            raise Conflict(N_("This enrolment has moved on meanwhile. Reload the page to see it."))
        if user_id is not None:
            _log(automailer, name, user_id, subscriber=found.subscriber_id)


def _log(automailer: Automailer, act: str, user_id: int | None, **details: Any) -> None:
    log.record(
        automailer.tenant_id, act, user_id=user_id, kind=series.KIND, object_id=automailer.id, details=details
    )
