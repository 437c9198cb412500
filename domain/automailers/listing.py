"""What the pages of automailers show: lists by the last row, and figures that count no further than a bound."""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from collections.abc import Iterable
from dataclasses import dataclass, field

from peewee import ModelSelect

from domain.automailers.machine import State
from domain.automailers.models import Automailer, AutomailerStep, Enrolment
from domain.db import rows
from domain.issues.models import Issue, IssueKind, IssueState
from domain.ledger.states import DeliveryState as D
from domain.subscribers import finding
from domain.subscribers.models import Subscriber

PAGE_SIZE = 30
COUNTED = 10_000  # so many rows of one kind are counted exactly
MAILS_COUNTED = 20_000  # the newest mails of a series, for the figures of its steps
OFFERED = 100  # mails that a step can be chosen from
WAITING = (D.QUEUED, D.LEASED, D.DEFERRED, D.UNCERTAIN, D.HELD)


@dataclass
class Figures:
    """Mails of a step by outcome, and how many contacts wait for it."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0
    left_out: int = 0
    ahead: int = 0


@dataclass(frozen=True)
class Page:
    """Enrolments with their people, newest first."""

    enrolments: list[Enrolment]
    people: dict[int, Subscriber] = field(default_factory=dict)
    older_id: int | None = None


def find(tenant_id: int, before_id: int | None = None) -> tuple[list[Automailer], int | None]:
    """Series of the tenant, newest first, and where the older ones begin."""
    query = Automailer.select().where(Automailer.tenant_id == tenant_id)
    if before_id:
        query = query.where(Automailer.id < before_id)
    found = list(query.order_by(Automailer.id.desc()).limit(PAGE_SIZE + 1))
    return found[:PAGE_SIZE], found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None


def running(tenant_id: int, ids: Iterable[int]) -> dict[int, int]:
    """Series → contacts who are in it now, up to COUNTED and one."""
    return {i: counts[State.RUNNING] for i, counts in _counts(tenant_id, list(ids), [State.RUNNING]).items()}


def counts(automailer: Automailer) -> dict[str, int]:
    """State → enrolments, each up to COUNTED and one."""
    return _counts(automailer.tenant_id, [automailer.id], list(State))[automailer.id]


def _counts(tenant_id: int, ids: list[int], states: list[State]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {i: dict.fromkeys(map(str, states), 0) for i in ids}
    one = """SELECT b.automailer_id, b.state, count(*) FROM (SELECT automailer_id, state FROM enrolment
        WHERE tenant_id = ? AND automailer_id = ? AND state = ? LIMIT ?) b GROUP BY 1, 2"""
    keys = [(i, state) for i in ids for state in states]
    values = [value for i, state in keys for value in (tenant_id, i, str(state), COUNTED + 1)]
    for automailer_id, state, count in rows(" UNION ALL ".join([one] * len(keys)), values, 3) if keys else []:
        found[automailer_id][state] = count
    return found


def step_counts(tenant_id: int, ids: Iterable[int]) -> dict[int, int]:
    """Series → number of its steps."""
    places = ", ".join(str(int(i)) for i in ids) or "NULL"
    text = f"""SELECT automailer_id, count(*) FROM automailer_step WHERE tenant_id = ? AND automailer_id IN ({places})
        GROUP BY 1"""
    return dict(rows(text, [tenant_id], 2))


def of_steps(automailer: Automailer) -> dict[int, Figures]:
    """Step → what became of its mails (of the newest MAILS_COUNTED of the series), and who waits for it."""
    found: dict[int, Figures] = {}
    key = [automailer.tenant_id, automailer.id]
    mails = """SELECT m.step_id, d.state, count(*) FROM (SELECT step_id, delivery_id, tenant_id FROM enrolment_mail
        WHERE tenant_id = ? AND automailer_id = ? ORDER BY id DESC LIMIT ?) m
        JOIN delivery d ON d.tenant_id = m.tenant_id AND d.id = m.delivery_id GROUP BY 1, 2"""
    for step_id, state, count in rows(mails, [*key, MAILS_COUNTED], 3):
        figures = found.setdefault(step_id, Figures())
        if state == D.SENT:
            figures.sent += count
        elif state in WAITING:
            figures.waiting += count
        elif state == D.SUPPRESSED:
            figures.left_out += count
        else:
            figures.failed += count
    ahead = """SELECT step_id, count(*) FROM (SELECT step_id FROM enrolment
        WHERE tenant_id = ? AND automailer_id = ? AND state = ? LIMIT ?) e GROUP BY 1"""
    for step_id, count in rows(ahead, [*key, str(State.RUNNING), MAILS_COUNTED], 2):
        if step_id is not None:
            found.setdefault(step_id, Figures()).ahead = count
    return found


def mails(automailer: Automailer, steps: Iterable[AutomailerStep] = ()) -> list[Issue]:
    """What a step can send: the newest letters and issues of the type, and those that the steps send now."""
    mine = (Issue.tenant_id == automailer.tenant_id, Issue.type_id == automailer.type_id)
    columns = (Issue.id, Issue.name, Issue.subject, Issue.kind, Issue.state)
    newest = (
        Issue.select(Issue.id)
        .where(*mine, Issue.kind != IssueKind.OPT_IN, Issue.state != IssueState.ARCHIVED)
        .order_by(Issue.id.desc())
        .limit(OFFERED)
    )
    held = [step.issue_id for step in steps] or [0]
    return list(
        Issue.select(*columns)
        .where(*mine, Issue.id.in_(newest) | Issue.id.in_(held))
        .order_by(Issue.id.desc())
    )


def enrolments(automailer: Automailer, state: str = "", text: str = "", before_id: int | None = None) -> Page:
    """Who takes part, by state and by words of name or address."""
    query = Enrolment.select().where(
        Enrolment.tenant_id == automailer.tenant_id, Enrolment.automailer_id == automailer.id
    )
    if state in list(State):
        query = query.where(Enrolment.state == state)
    if text.strip():
        ids = finding.narrowed(automailer.tenant_id, text, finding.FEW)
        query = query.where(Enrolment.subscriber_id.in_(ids or [0]))
    if before_id:
        query = query.where(Enrolment.id < before_id)
    found = list(query.order_by(Enrolment.id.desc()).limit(PAGE_SIZE + 1))
    shown = found[:PAGE_SIZE]
    older = shown[-1].id if len(found) > PAGE_SIZE else None
    return Page(shown, _people(automailer.tenant_id, [e.subscriber_id for e in shown]), older)


def of_person(tenant_id: int, subscriber_id: int) -> list[tuple[Automailer, Enrolment, Subscriber | None]]:
    """The series that somebody is or was in, newest first."""
    query = Enrolment.select().where(
        Enrolment.tenant_id == tenant_id, Enrolment.subscriber_id == subscriber_id
    )
    return _with_series(tenant_id, query)


def of_organisation(
    tenant_id: int, organisation_id: int
) -> list[tuple[Automailer, Enrolment, Subscriber | None]]:
    """The series that contacts of a customer are or were in, newest first."""
    query = Enrolment.select().where(
        Enrolment.tenant_id == tenant_id, Enrolment.organisation_id == organisation_id
    )
    return _with_series(tenant_id, query, True)


def _with_series(
    tenant_id: int, query: ModelSelect, named: bool = False
) -> list[tuple[Automailer, Enrolment, Subscriber | None]]:
    found = list(query.order_by(Enrolment.id.desc()).limit(PAGE_SIZE))
    if not found:
        return []
    wanted = {e.automailer_id for e in found}
    series = {
        a.id: a
        for a in Automailer.select().where(
            Automailer.tenant_id == tenant_id, Automailer.id.in_(sorted(wanted))
        )
    }
    people = _people(tenant_id, [e.subscriber_id for e in found]) if named else {}
    return [
        (series[e.automailer_id], e, people.get(e.subscriber_id)) for e in found if e.automailer_id in series
    ]


def _people(tenant_id: int, ids: list[int]) -> dict[int, Subscriber]:
    query = Subscriber.select().where(Subscriber.tenant_id == tenant_id, Subscriber.id.in_(ids or [0]))
    return {person.id: person for person in query}
