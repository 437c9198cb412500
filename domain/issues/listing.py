"""The list of a tenant's issues: views as tabs, keyset pages by id, newest first."""

from dataclasses import dataclass
from typing import Any

from peewee import SelectBase, fn

from domain.content.models import Obligation
from domain.issues.models import Block, ExpectedArticle, Issue, IssueState

PAGE_SIZE = 30
S = IssueState
VIEWS: dict[str, tuple[IssueState, ...]] = {
    "all": tuple(s for s in S if s != S.ARCHIVED),
    "work": (S.DRAFT, S.RETURNED),
    "approval": (S.IN_REVIEW, S.APPROVED),
    "sent": (S.SENT,),
}


@dataclass(frozen=True)
class Page:
    """One page; `newer_id` and `older_id` lead to the neighbours (None: there is none)."""

    issues: list[Issue]
    newer_id: int | None
    older_id: int | None


def find(
    tenant_id: int, view: str = "all", type_id: int | None = None, before_id: int | None = None,
    after_id: int | None = None,
) -> Page:  # fmt: skip
    """Issues of a view, behind `before_id` or in front of `after_id`."""
    query = Issue.select().where(
        Issue.tenant_id == tenant_id, Issue.state.in_(list(VIEWS.get(view, VIEWS["all"])))
    )
    if type_id:
        query = query.where(Issue.type_id == type_id)
    if after_id:
        rows = list(query.where(Issue.id > after_id).order_by(Issue.id).limit(PAGE_SIZE + 1))
        more = len(rows) > PAGE_SIZE
        rows = rows[:PAGE_SIZE][::-1]
        return Page(rows, rows[0].id if rows and more else None, rows[-1].id if rows else None)
    if before_id:
        query = query.where(Issue.id < before_id)
    rows = list(query.order_by(Issue.id.desc()).limit(PAGE_SIZE + 1))
    older = rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None
    return Page(rows[:PAGE_SIZE], rows[0].id if rows and before_id else None, older)


def articles_of_type(tenant_id: int, type_id: int) -> SelectBase:
    """What finds the ids of articles that belong to a newsletter type: those in its issues, those that are expected for
    one, those that it must hold."""
    found = []
    for model in (Block, ExpectedArticle):
        query = model.select(model.article_id).join(
            Issue, on=(Issue.id == model.issue_id) & (Issue.tenant_id == model.tenant_id)
        )
        found.append(
            query.where(
                model.tenant_id == tenant_id, Issue.type_id == type_id, model.article_id.is_null(False)
            )
        )
    needed = Obligation.select(Obligation.article_id)
    return (
        found[0] | found[1] | needed.where(Obligation.tenant_id == tenant_id, Obligation.type_id == type_id)
    )


def counts(tenant_id: int) -> dict[str, int]:
    """How many issues each view holds."""
    rows: dict[Any, int] = dict(
        Issue.select(Issue.state, fn.COUNT(Issue.id))
        .where(Issue.tenant_id == tenant_id)
        .group_by(Issue.state)
        .tuples()
    )
    return {view: sum(rows.get(state, 0) for state in states) for view, states in VIEWS.items()}
