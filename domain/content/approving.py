"""Articles in tenants that approve them in steps: submitted is asked for, accepted is approved, and what is approved
stays as it was while a new draft of it is written."""

import hashlib
import json

from domain import clock
from domain.accounts.models import User
from domain.approvals import flow, listing, setup
from domain.approvals.models import Approval, ApprovalState
from domain.approvals.setup import ARTICLE as KIND
from domain.content import revisions, voiding
from domain.content.models import Article, ArticleState, RevisionAct
from domain.db import database
from domain.errors import N_, Conflict
from domain.notices import bell

S = ArticleState
UNSEEN = ("notes", "tags")  # for colleagues and for finding: never in a mail
MESSAGES = {
    ApprovalState.APPROVED: N_("%(name)s has approved “%(title)s”."),
    ApprovalState.RETURNED: N_("%(name)s has returned “%(title)s”."),
    ApprovalState.REJECTED: N_("%(name)s has rejected “%(title)s”."),
}


def fingerprint(article: Article) -> str:
    """Hex over everything that readers and editors see of an article."""
    fields = revisions.fields_of(article)
    said = [fields[name] for name in revisions.FIELDS if name not in UNSEEN]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, default=str).encode()).hexdigest()


def ask(article: Article, user: User, note: str = "") -> Approval | None:
    """Open the request for a submitted article; None where articles need none."""
    if not setup.exists(article.tenant_id, KIND):
        return None
    return flow.ask(
        article.tenant_id, KIND, article.id, fingerprint(article), user.id, note, title=article.title
    )


def waiting(article: Article) -> Approval | None:
    """The request that waits for a decision."""
    found = listing.latest(article.tenant_id, KIND, article.id)
    return found if found and found.state == ApprovalState.OPEN else None


def settle(approval: Approval, article: Article, name: str) -> None:
    """Let the article follow the decision, in its transaction; `name`: who gave it."""
    if approval.state == ApprovalState.OPEN:
        return
    if fingerprint(article) != approval.fingerprint:
        raise Conflict(N_("This has changed since you opened it. Look at the new version before you decide."))
    state = ApprovalState(approval.state)
    accepted = state == ApprovalState.APPROVED
    changed = Article.update(
        state=S.ACCEPTED if accepted else S.RETURNED, updated_at=clock.now(), version=Article.version + 1
    ).where(
        Article.tenant_id == article.tenant_id, Article.id == article.id, Article.state == S.SUBMITTED
    )  # fmt: skip
    if not changed.execute():
        raise Conflict(N_("The article is no longer in the state you saw. Reload the page."))
    if accepted:
        author = User.get_by_id(approval.asked_by_id)
        revisions.keep(article, author, RevisionAct.ACCEPT)
        if article.draft_of_id:
            _replace(article, author)
    bell.tell(
        article.tenant_id, [approval.asked_by_id], MESSAGES[state], {"name": name, "title": article.title},
        f"articles/{article.id}",
    )  # fmt: skip


def check_direct(article: Article) -> None:
    """Raise Conflict where a single person decides on an article that goes through steps."""
    if waiting(article) is not None:
        raise Conflict(N_("This article goes through an approval. Decide on its request under Approvals."))


def is_closed(article: Article) -> bool:
    """Whether an article is approved where articles are approved: it stays as it was, changes begin as a new draft."""
    return article.state in (S.ACCEPTED, S.USED) and setup.exists(article.tenant_id, KIND)


def changed(article: Article, user: User) -> None:
    """Somebody has saved a submitted article: if what readers see differs, its request is void and it is submitted
    anew when it is ready. In the transaction of the change."""
    asked = waiting(article) if article.state == S.SUBMITTED else None
    if asked is None or asked.fingerprint == fingerprint(article):
        return
    voiding.void(article.tenant_id, KIND, article.id, N_("The article was changed."), user.id)
    Article.update(state=S.RETURNED).where(
        Article.tenant_id == article.tenant_id, Article.id == article.id
    ).execute()
    article.state = S.RETURNED


def lapse(approval: Approval) -> None:
    """Nobody decided in time: the article goes back to its author."""
    Article.update(state=S.RETURNED).where(
        Article.tenant_id == approval.tenant_id,
        Article.id == approval.object_id,
        Article.state == S.SUBMITTED,
    ).execute()


def reopened(article: Article) -> None:
    """The request was taken back: a draft again."""
    _back(article, S.SUBMITTED, S.DRAFT)


def revoked(article: Article) -> None:
    """The approval was taken back: with its author again, and no issue takes it any more."""
    _back(article, S.ACCEPTED, S.RETURNED)


def _back(article: Article, expected: ArticleState, state: ArticleState) -> None:
    changed = Article.update(state=state, updated_at=clock.now(), version=Article.version + 1).where(
        Article.tenant_id == article.tenant_id, Article.id == article.id, Article.state == expected
    )
    if not changed.execute():
        raise Conflict(N_("The article is no longer in the state you saw. Reload the page."))


def withdrawn(article: Article, user: User) -> None:
    """The author has taken the article back, or an editor has returned it: nothing waits any more."""
    flow.void(article.tenant_id, KIND, article.id, ApprovalState.WITHDRAWN, user_id=user.id)


def new_draft(article: Article, user: User) -> Article:
    """A copy of an approved article to write on; the approved one stays as it was until the copy is approved. A
    second call finds the same copy."""
    if article.state not in (S.ACCEPTED, S.USED):
        raise Conflict(N_("The article is no longer in the state you saw. Reload the page."))
    with database.atomic():
        found = drafted(article)
        if found is not None:
            return found
        values = {name: getattr(article, name) for name in revisions.FIELDS}
        return Article.create(
            tenant_id=article.tenant_id,
            author_id=user.id,
            draft_of_id=article.id,
            folded=article.folded,
            **values,
        )


def drafted(article: Article) -> Article | None:
    """The new draft that somebody writes of this article."""
    return Article.get_or_none(
        Article.tenant_id == article.tenant_id, Article.draft_of_id == article.id,
        Article.state.in_([S.DRAFT, S.RETURNED, S.SUBMITTED]),
    )  # fmt: skip


def _replace(draft: Article, author: User) -> None:
    """The approved draft becomes the article; issues that are not approved yet show it from now on."""
    values = {name: getattr(draft, name) for name in (*revisions.FIELDS, "folded")}
    Article.update(**values, updated_at=clock.now(), version=Article.version + 1).where(
        Article.tenant_id == draft.tenant_id, Article.id == draft.draft_of_id
    ).execute()
    original = Article.get(Article.tenant_id == draft.tenant_id, Article.id == draft.draft_of_id)
    revisions.keep(original, author, RevisionAct.ACCEPT)
    Article.update(state=S.ARCHIVED).where(
        Article.tenant_id == draft.tenant_id, Article.id == draft.id
    ).execute()
