"""The course of an order: asked → accepted → released, or back to the asker; each step with its remark.

Every change names the version it was seen in, so that of any number of clicks one counts. The office is everybody
who may decide about orders; the asker is told at every step.
"""

import re
from collections.abc import Iterable
from datetime import datetime, time
from html import escape
from zoneinfo import ZoneInfo

from domain import clock
from domain.accounts import policy
from domain.accounts.models import User
from domain.accounts.permissions import Permission
from domain.audit import log
from domain.campaigns import planning
from domain.campaigns.models import Campaign
from domain.db import database
from domain.errors import N_, Conflict, Forbidden, Invalid, NotFound
from domain.issues import assembly, placeholders
from domain.issues.models import BlockKind, Issue
from domain.notices import bell
from domain.orders import listing, wishes
from domain.orders.models import MailingOrder, OrderState, OrderStep
from domain.orders.wishes import Wish
from domain.tenancy import settings as tenant_settings
from domain.tenancy import territory, tree

S = OrderState
MORNING = time(9)  # taste
CHANGED = N_("Somebody else has changed this order meanwhile. Reload the page to see it.")


def ask(tenant_id: int, wish: Wish, user: User) -> MailingOrder:
    """A new order; the office is told. Raises Invalid with the fields that are missing."""
    values = wishes.checked(wish)
    with database.atomic():
        made = MailingOrder.create(tenant_id=tenant_id, asked_by_id=user.id, **values)
        _note(made, S.ASKED, user.id)
        _tell_office(made, user, N_("%(name)s asks for the mailing “%(title)s”."))
    return made


def change(order: MailingOrder, wish: Wish, user: User, remark: str, version: int | None) -> None:
    """The asker says it better and asks again; raises Invalid, Conflict, Forbidden."""
    _own(order, user)
    _move(order, (S.ASKED, S.RETURNED), S.ASKED, user, remark, version, **wishes.checked(wish))
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
    _move(order, listing.OPEN, S.RETURNED, user, remark, version, office_by_id=user.id)
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
            order, listing.OPEN, S.RELEASED, user, remark, version, office_by_id=user.id, issue_id=issue.id,
            campaign_id=campaign.id,
        )  # fmt: skip
        text = N_("%(name)s makes your order “%(title)s” a mailing.")
        _tell(order, [order.asked_by_id], user, text, remark)
    return campaign


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
    remark = wishes.remark(remark)
    OrderStep.create(tenant_id=order.tenant_id, order_id=order.id, act=state, by_id=user_id, remark=remark)
    log.record(
        order.tenant_id, f"order.{state}", user_id=user_id, kind="order", object_id=order.id,
        details={"name": order.title, "remark": remark}, reference=order.reference,
    )  # fmt: skip


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
        "name": user.name, "title": order.title, "remark": wishes.remark(remark), "audience": order.audience,
        "reason": order.reason, "territory": order.territory, "wanted_on": order.wanted_on and str(order.wanted_on),
    }  # fmt: skip
    bell.tell(order.tenant_id, user_ids, message, params, listing.url(order), letter=letter)
