"""The course of an order: asked → accepted → released, or back to the asker; each step with its remark.

Every change names the version it was seen in, so that of any number of clicks one counts. The office is everybody
who may decide about orders; the asker is told at every step.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from html import escape
from zoneinfo import ZoneInfo

from peewee import ModelSelect, fn

from domain import clock
from domain.accounts import policy
from domain.accounts.models import User
from domain.accounts.permissions import Permission
from domain.audit import log
from domain.campaigns import planning, tallies
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import database, unscoped
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound
from domain.issues import assembly, placeholders
from domain.issues.models import BlockKind, Issue
from domain.ledger.states import DeliveryState
from domain.notices import bell
from domain.orders.models import MailingOrder, OrderState, OrderStep
from domain.tenancy import settings as tenant_settings
from domain.tenancy import territory, tree

S = OrderState
PAGE_SIZE = 30
OPEN = (S.ASKED, S.ACCEPTED)  # the office has to do something
REMARK_MAX = 2_000
MORNING = time(9)  # taste
VIEWS: dict[str, tuple[OrderState, ...]] = {
    "open": OPEN,
    "returned": (S.RETURNED,),
    "released": (S.RELEASED,),
    "all": tuple(S),
}
CHANGED = N_("Somebody else has changed this order meanwhile. Reload the page to see it.")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")
_LINES = {"title": 120, "audience": 500, "territory": 200, "reason": 500, "reference": 60}


@dataclass(frozen=True)
class Wish:
    """What an order asks for. `territory_id` is a node of the tenant's territory, if it was chosen from the tree."""

    title: str
    text: str
    audience: str
    reason: str
    territory: str = ""
    wanted_on: date | None = None
    reference: str = ""
    territory_id: int | None = None


@dataclass(frozen=True)
class Result:
    """What became of a released order: state of its mailing, and mails by outcome."""

    status: CampaignStatus
    counts: dict[DeliveryState, int]

    @property
    def sent(self) -> int:
        return self.counts.get(DeliveryState.SENT, 0)

    @property
    def left_out(self) -> int:
        return self.counts.get(DeliveryState.SUPPRESSED, 0)

    @property
    def refused(self) -> int:
        return self.counts.get(DeliveryState.FAILED, 0) + self.counts.get(DeliveryState.EXPIRED, 0)

    @property
    def total(self) -> int:
        return sum(self.counts.values()) - self.left_out


def ask(tenant_id: int, wish: Wish, user: User) -> MailingOrder:
    """A new order; the office is told. Raises Invalid with the fields that are missing."""
    values = _checked(wish)
    with database.atomic():
        made = MailingOrder.create(tenant_id=tenant_id, asked_by_id=user.id, **values)
        _note(made, S.ASKED, user.id)
        _tell_office(made, user, N_("%(name)s asks for the mailing “%(title)s”."))
    return made


def get(tenant_id: int, order_id: int, user: User, sees_all: bool) -> MailingOrder:
    """An order of the tenant: everybody's for the office, else the own ones; raises NotFound."""
    found = MailingOrder.get_or_none(MailingOrder.tenant_id == tenant_id, MailingOrder.id == order_id)
    if found is None or not (sees_all or found.asked_by_id == user.id):
        raise NotFound
    return found


def page(
    tenant_id: int, view: str, own_id: int | None = None, text: str = "", before_id: int | None = None
) -> tuple[list[MailingOrder], int | None]:
    """Orders of a view, newest first, and the id behind which the next page begins. `own_id`: only this person's."""
    query = MailingOrder.select().where(
        MailingOrder.tenant_id == tenant_id, MailingOrder.state.in_(list(VIEWS.get(view, VIEWS["all"])))
    )
    if own_id is not None:
        query = query.where(MailingOrder.asked_by_id == own_id)
    if text.strip():
        query = query.where(
            MailingOrder.title.contains(text.strip()) | (MailingOrder.reference == text.strip())
        )
    if before_id:
        query = query.where(MailingOrder.id < before_id)
    rows = list(query.order_by(MailingOrder.id.desc()).limit(PAGE_SIZE + 1))
    return rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None


def counts(tenant_id: int, own_id: int | None = None) -> dict[str, int]:
    """View → number of orders."""
    query = MailingOrder.select(MailingOrder.state).where(MailingOrder.tenant_id == tenant_id)
    if own_id is not None:
        query = query.where(MailingOrder.asked_by_id == own_id)
    states = [state for (state,) in query.tuples()]
    return {view: sum(state in wanted for state in states) for view, wanted in VIEWS.items()}


def waiting(tenant_id: int) -> ModelSelect:
    """How many orders wait for the office, as a query of one number."""
    return MailingOrder.select(fn.COUNT(MailingOrder.id)).where(
        MailingOrder.tenant_id == tenant_id, MailingOrder.state == S.ASKED
    )


def steps(order: MailingOrder) -> list[OrderStep]:
    """Everything that happened to an order, oldest first."""
    query = OrderStep.select().where(OrderStep.tenant_id == order.tenant_id, OrderStep.order_id == order.id)
    return list(query.order_by(OrderStep.id))


def change(order: MailingOrder, wish: Wish, user: User, remark: str, version: int | None) -> None:
    """The asker says it better and asks again; raises Invalid, Conflict, Forbidden."""
    _own(order, user)
    _move(order, (S.ASKED, S.RETURNED), S.ASKED, user, remark, version, **_checked(wish))
    _tell_office(order, user, N_("%(name)s has changed the order “%(title)s”."), remark)


def withdraw(order: MailingOrder, user: User, remark: str, version: int | None) -> None:
    """The asker takes it back; what was released already is the office's."""
    _own(order, user)
    _move(order, (S.ASKED, S.ACCEPTED, S.RETURNED), S.WITHDRAWN, user, remark, version)
    if order.office_by_id:
        _tell(order, [order.office_by_id], user, N_("%(name)s has withdrawn the order “%(title)s”."), remark)


def accept(order: MailingOrder, user: User, remark: str, version: int | None) -> None:
    """The office takes the order on."""
    _move(order, (S.ASKED,), S.ACCEPTED, user, remark, version, office_by_id=user.id)
    _tell(order, [order.asked_by_id], user, N_("%(name)s has accepted your order “%(title)s”."), remark)


def send_back(order: MailingOrder, user: User, remark: str, version: int | None) -> None:
    """The office returns the order; raises Invalid without a remark: the asker has to know what is missing."""
    if not remark.strip():
        raise Invalid(fields={"remark": N_("Say what is missing; the person who asked reads it.")})
    _move(order, OPEN, S.RETURNED, user, remark, version, office_by_id=user.id)
    _tell(order, [order.asked_by_id], user, N_("%(name)s has returned your order “%(title)s”."), remark)


def release(
    order: MailingOrder,
    type_id: int,
    user: User,
    sender: tuple[str, str, str],
    remark: str,
    version: int | None,
) -> Campaign:
    """Make the order an issue with a drafted mailing in the hands of `user`. `sender` is (name, address, reply to)
    of the newsletter type. A mailing for a territory goes only to people there and below. Raises NotFound for a foreign
    type, Conflict."""
    with database.atomic():
        issue = assembly.create(order.tenant_id, type_id, user.id, planned_at=_planned(order))
        _write(issue, order)
        campaign = planning.draft_for(issue, user.id, *sender)
        if order.territory_id is not None:
            campaign.territory_ids = [_node(order)]
            campaign.save()
        _move(
            order, OPEN, S.RELEASED, user, remark, version, office_by_id=user.id, issue_id=issue.id,
            campaign_id=campaign.id,
        )  # fmt: skip
        text = N_("%(name)s makes your order “%(title)s” a mailing.")
        _tell(order, [order.asked_by_id], user, text, remark)
    return campaign


def results(orders: Iterable[MailingOrder]) -> dict[int, Result]:
    """Order id → what became of its mailing, in two queries for all."""
    rows = [order for order in orders if order.campaign_id]
    if not rows:
        return {}
    tenant_id = rows[0].tenant_id
    campaigns = planning.many(tenant_id, [order.campaign_id for order in rows])
    counted = tallies.of(campaigns.values())
    return {
        order.id: Result(
            CampaignStatus(campaigns[order.campaign_id].status), counted.get(order.campaign_id, {})
        )
        for order in rows
        if order.campaign_id in campaigns
    }


@unscoped("one sweep serves all tenants")
def tell_results() -> int:
    """Tell the askers of mailings that are out by now; returns how many."""
    query = (
        MailingOrder.select()
        .join(
            Campaign,
            on=(Campaign.tenant_id == MailingOrder.tenant_id) & (Campaign.id == MailingOrder.campaign_id),
        )
        .where(MailingOrder.state == S.RELEASED, ~MailingOrder.result_told, Campaign.sent_at.is_null(False))
    )
    return sum(_tell_result(order) for order in list(query.limit(200)))


def _tell_result(order: MailingOrder) -> bool:
    with database.atomic():
        mine = (MailingOrder.tenant_id == order.tenant_id, MailingOrder.id == order.id)
        if not MailingOrder.update(result_told=True).where(*mine, ~MailingOrder.result_told).execute():
            return False
        found = results([order])[order.id]
        OrderStep.create(tenant_id=order.tenant_id, order_id=order.id, act="sent")
        bell.tell(
            order.tenant_id, [order.asked_by_id],
            N_("Your order “%(title)s” is out: %(sent)s mails sent, %(left_out)s people left out."),
            {"title": order.title, "sent": found.sent, "left_out": found.left_out, "refused": found.refused},
            _url(order), letter="order_result",
        )  # fmt: skip
    return True


def _checked(wish: Wish) -> dict[str, object]:
    """The wish as columns; raises Invalid with every field that is wrong."""
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    values: dict[str, object] = {
        name: " ".join(_CONTROL.sub(" ", getattr(wish, name)).split())[:limit]
        for name, limit in _LINES.items()
    }
    values["text"] = _CONTROL.sub("", wish.text.replace("\r\n", "\n")).strip()[:20_000]
    needed = {
        "title": N_("Give the mailing a name, so that everybody finds it again."),
        "text": N_("Write what the mail should say, in your own words."),
        "audience": N_("Say who should get it."),
        "reason": N_("Say why it is needed."),
    }
    wrong.update({name: text for name, text in needed.items() if not values[name]})
    if wish.wanted_on is not None and wish.wanted_on < clock.now().date():
        wrong["wanted_on"] = N_("This day has passed. Choose a later one.")
    if wrong:
        raise Invalid(fields=wrong)
    return values | {"wanted_on": wish.wanted_on, "territory_id": wish.territory_id}


def _node(order: MailingOrder) -> int:
    """The node that the order is for; raises Conflict when it is gone, or beyond what the office's person reaches."""
    try:
        return int(territory.get(order.tenant_id, order.territory_id or 0).id)
    except NotFound:
        raise Conflict(
            N_("The territory of this order is gone or not yours. Return the order with a remark.")
        ) from None


def _own(order: MailingOrder, user: User) -> None:
    if order.asked_by_id != user.id:
        raise Forbidden(
            N_("Only the person who asked may change this order. Return it with a remark instead.")
        )


def _move(
    order: MailingOrder, expected: tuple[OrderState, ...], state: OrderState, user: User, remark: str,
    version: int | None, **more: object,
) -> None:  # fmt: skip
    """The next step; raises Conflict when another one came first."""
    mine = (
        MailingOrder.tenant_id == order.tenant_id,
        MailingOrder.id == order.id,
        MailingOrder.state.in_(list(expected)),
        MailingOrder.version == (order.version if version is None else version),
    )
    with database.atomic():
        values = {**more, "state": state, "version": MailingOrder.version + 1, "updated_at": clock.now()}
        if not MailingOrder.update(**values).where(*mine).execute():
            raise Conflict(CHANGED)
        for name, value in {**more, "state": state, "version": order.version + 1}.items():
            setattr(order, name, value)
        _note(order, state, user.id, remark)


def _note(order: MailingOrder, state: OrderState, user_id: int, remark: str = "") -> None:
    remark = _remark(remark)
    OrderStep.create(tenant_id=order.tenant_id, order_id=order.id, act=state, by_id=user_id, remark=remark)
    log.record(
        order.tenant_id, f"order.{state}", user_id=user_id, kind="order", object_id=order.id,
        details={"name": order.title, "remark": remark}, reference=order.reference,
    )  # fmt: skip


def _remark(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n")).strip()[:REMARK_MAX]


def _write(issue: Issue, order: MailingOrder) -> None:
    """The asker's text as a text block, the title as name and subject; the office edits it like any issue."""
    assembly.set_head(issue, subject=_plain(order.title), preheader="", name=order.title)
    block = assembly.add(issue, BlockKind.TEXT)
    paragraphs = [p for p in re.split(r"\n\s*\n", order.text) if p.strip()]
    html = "".join(f"<p>{'<br>'.join(map(escape, p.strip().splitlines()))}</p>" for p in paragraphs)
    assembly.edit(issue, block, {"html": _plain(html)})


def _planned(order: MailingOrder) -> datetime | None:
    """The wanted day at the hour that offices begin, in the tenant's zone; the office chooses the minute."""
    if order.wanted_on is None:
        return None
    zone = tenant_settings.effective(tree.get(order.tenant_id))["time_zone"]
    at = datetime.combine(order.wanted_on, MORNING, tzinfo=ZoneInfo(zone))
    return at if at > clock.now() else None


def _plain(text: str) -> str:
    """The asker's text; brackets that name no placeholder of ours are shown as they are."""
    try:
        placeholders.check("text", text)
    except Invalid:
        return re.sub(r"([\[\]])", r"\\\1", text)
    return text


def _tell_office(order: MailingOrder, user: User, message: str, remark: str = "") -> None:
    people = policy.people_with(Permission.ORDER_DECIDE, order.tenant_id)
    ids = [person.id for person in people if person.id != user.id]
    _tell(order, ids, user, message, remark, "order_office")


def _tell(
    order: MailingOrder, user_ids: Iterable[int], user: User, message: str, remark: str = "",
    letter: str = "order_step",
) -> None:  # fmt: skip
    params: dict[str, object] = {
        "name": user.name, "title": order.title, "remark": _remark(remark), "audience": order.audience,
        "reason": order.reason, "territory": order.territory, "wanted_on": order.wanted_on and str(order.wanted_on),
    }  # fmt: skip
    bell.tell(order.tenant_id, user_ids, message, params, _url(order), letter=letter)


def _url(order: MailingOrder) -> str:
    return f"orders/{order.id}"
