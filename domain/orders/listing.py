"""Orders as pages list them: views, numbers, one of them, what happened to it."""

from peewee import ModelSelect, fn

from domain.accounts.models import User
from domain.errors import NotFound
from domain.orders.models import MailingOrder, OrderState, OrderStep

S = OrderState
PAGE_SIZE = 30
OPEN = (S.ASKED, S.ACCEPTED)  # the office has to do something
VIEWS: dict[str, tuple[OrderState, ...]] = {
    "open": OPEN,
    "returned": (S.RETURNED,),
    "released": (S.RELEASED,),
    "all": tuple(S),
}


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


def url(order: MailingOrder) -> str:
    """Its page, below the tenant."""
    return f"orders/{order.id}"
