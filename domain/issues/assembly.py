"""Put an issue together: blocks in order, subject, preheader; read-only once it is approved."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from peewee import fn

from domain import clock
from domain.approvals.setup import ISSUE
from domain.content import linked, voiding
from domain.content.models import Article, ArticleState
from domain.db import abreast, database
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.issues import blocks as content
from domain.issues import locks, mailtemplates, mediause, placeholders
from domain.issues.models import Block, BlockKind, Issue, IssueState
from domain.subscribers.models import NewsletterType
from domain.tenancy.models import Tenant

EDITABLE = (IssueState.DRAFT, IssueState.RETURNED)
CHANGED = N_("Somebody else has changed this issue meanwhile. Reload the page to see it.")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def get(tenant_id: int, issue_id: int) -> Issue:
    """An issue of the tenant; raises NotFound."""
    issue = Issue.get_or_none(Issue.tenant_id == tenant_id, Issue.id == issue_id)
    if issue is None:
        raise NotFound
    return issue


def open_issue(tenant_id: int, issue_id: int, version: int | None = None) -> Issue:
    """An issue to change; raises Conflict when it is closed or somebody else changed it since `version`."""
    issue = get(tenant_id, issue_id)
    if issue.state not in EDITABLE:
        raise Conflict(N_("This issue is in approval or approved and can no longer be changed."))
    if version is not None and version != issue.version:
        raise Conflict(CHANGED)
    return issue


def create(tenant_id: int, type_id: int, user_id: int, planned_at: datetime | None = None) -> Issue:
    """The next issue of a newsletter type with an empty introduction."""
    kind = NewsletterType.get_or_none(NewsletterType.tenant_id == tenant_id, NewsletterType.id == type_id)
    if kind is None:
        raise NotFound
    with database.atomic():
        number = (
            Issue.select(fn.MAX(Issue.number))
            .where(Issue.tenant_id == tenant_id, Issue.type_id == type_id)
            .scalar()
            or 0
        ) + 1
        issue = Issue.create(
            tenant_id=tenant_id, type_id=type_id, number=number, name=f"{kind.name} Nr. {number}",
            template_id=kind.template_id, created_by_id=user_id, planned_at=planned_at,
        )  # fmt: skip
        greeting = (
            "<p>[Salutation|Hello],</p>" if kind.language == "en" else "<p>[Briefanrede|Guten Tag],</p>"
        )
        Block.create(
            tenant_id=tenant_id, issue_id=issue.id, position=1, kind=BlockKind.INTRO, data={"html": greeting}
        )
        return issue


def blocks(issue: Issue) -> list[Block]:
    """The blocks of an issue in their order; removed ones, kept for undoing, have a position below 1."""
    return list(
        Block.select()
        .where(Block.tenant_id == issue.tenant_id, Block.issue_id == issue.id, Block.position > 0)
        .order_by(Block.position, Block.id)
    )


def block(issue: Issue, block_id: int, removed: bool = False) -> Block:
    """A block of the issue, or one that was `removed` from it; raises NotFound."""
    found = Block.get_or_none(
        Block.tenant_id == issue.tenant_id,
        Block.issue_id == issue.id,
        Block.id == block_id,
        Block.position < 1 if removed else Block.position > 0,
    )
    if found is None:
        raise NotFound
    return found


def set_head(issue: Issue, *, subject: str, preheader: str, name: str | None = None) -> None:
    """Subject, preheader and name; raises Invalid for control characters and unknown placeholders."""
    for field, text in (("subject", subject), ("preheader", preheader), ("name", name or "")):
        if _CONTROL.search(text):
            raise Invalid(fields={field: N_("Line breaks and control characters are not allowed here.")})
    locks.check_head(issue, subject, preheader)
    own = _own_names(issue)
    placeholders.check("subject", subject, own=own)
    placeholders.check("preheader", preheader, own=own)
    _touch(
        issue,
        subject=subject.strip()[:200],
        preheader=preheader.strip()[:300],
        name=(name or "").strip()[:120] or issue.name,
    )


def _own_names(issue: Issue) -> list[str]:
    """Own fields that texts may name."""
    return [own.name for own in placeholders.palette(issue.tenant_id)]


def add_article(issue: Issue, article_id: int) -> Block:
    """Put an accepted article at the end, or link one that another tenant has released; raises Conflict if it stands
    there already, NotFound otherwise."""
    article = Article.get_or_none(
        Article.tenant_id == issue.tenant_id,
        Article.id == article_id,
        Article.state.in_([ArticleState.ACCEPTED, ArticleState.USED]),
    ) or linked.find(issue.tenant_id, [article_id]).get(article_id)
    if article is None:
        raise NotFound
    with database.atomic():
        if any(b.article_id == article_id for b in blocks(issue)):
            raise Conflict(N_("This article already stands in the issue."))
        made = _append(issue, BlockKind.ARTICLE, {"layout": "top"}, article_id)
        if article.tenant_id != issue.tenant_id:
            made.source_tenant_id = article.tenant_id
            made.save()
        return made


def add(issue: Issue, kind: BlockKind) -> Block:
    """An empty block at the end."""
    with database.atomic():
        return _append(issue, kind, content.empty(kind))


def insert(issue: Issue, parts: Sequence[tuple[str, dict[str, Any]]]) -> list[Block]:
    """Blocks with content at the end, as (kind, data) of each; their pictures are the tenant's own already."""
    with database.atomic():
        return [_append(issue, BlockKind(kind), dict(data)) for kind, data in parts]


def edit(issue: Issue, found: Block, data: dict[str, Any]) -> None:
    """Change the content of a block by its form's fields (domain.issues.blocks); raises Invalid on the field that is
    wrong."""
    _check_open(found)
    clean = content.cleaned(found.kind, found.data, data, _own_names(issue))
    with database.atomic():
        found.data = clean
        found.save()
        if any(key in data for key in content.ASSET_KEYS):
            mediause.note(issue, blocks(issue))
        _touch(issue)


def reorder(issue: Issue, order: Sequence[int]) -> None:
    """Bring the blocks into the order of their ids; raises Conflict if the set is not the current one."""
    current = blocks(issue)
    if sorted(order) != sorted(b.id for b in current):
        raise Conflict(CHANGED)
    locks.check_order(current, order)
    with database.atomic():
        _place(issue, order)
        _touch(issue)


def put_before(issue: Issue, found: Block, before_id: int | None) -> None:
    """Move a block to where another one stands; None, or one that is gone: it stays."""
    order = [b.id for b in blocks(issue) if b.id != found.id]
    if before_id in order:
        order.insert(order.index(before_id), found.id)
        reorder(issue, order)


def move(issue: Issue, found: Block, step: int) -> None:
    """One place up (-1) or down (+1); at the end nothing happens."""
    order = [b.id for b in blocks(issue)]
    here = order.index(found.id)
    there = here + step
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
        reorder(issue, order)


def hide(issue: Issue, found: Block, hidden: bool) -> None:
    """Leave a block out of the mail, or take it in again."""
    _check_open(found)
    with database.atomic():
        found.hidden = hidden
        found.save()
        _touch(issue)


def only_for(issue: Issue, found: Block, segment_id: int | None) -> None:
    """Only people of a segment get the block; None: all. The caller has found the segment in the tenant."""
    _check_open(found)
    with database.atomic():
        found.segment_id = segment_id
        found.save()
        _touch(issue)


def choose_template(tenant: Tenant, issue: Issue, template_id: int | None) -> None:
    """The mail template of the issue, an own or a released one; None: its newsletter type's."""
    if template_id is not None:
        mailtemplates.usable(tenant, template_id)
    _touch(issue, template_id=template_id)


def duplicate(issue: Issue, found: Block) -> Block:
    """The same block once more, right behind it; raises Conflict for articles, which stand once in an issue."""
    if found.kind == BlockKind.ARTICLE:
        raise Conflict(N_("This article already stands in the issue."))
    with database.atomic():
        made = _append(issue, BlockKind(found.kind), dict(found.data), None)
        order = [b.id for b in blocks(issue) if b.id != made.id]
        order.insert(order.index(found.id) + 1, made.id)
        locks.check_order(blocks(issue), order)
        _place(issue, order)
        return made


def remove(issue: Issue, found: Block) -> None:
    """Take a block out; `restore` puts it back."""
    _check_open(found)
    with database.atomic():
        found.position = -found.position
        found.save()
        mediause.note(issue, blocks(issue))
        _touch(issue)


def restore(issue: Issue, block_id: int) -> Block:
    """Put a removed block back where it stood; raises Conflict if its article was put in again meanwhile."""
    back = block(issue, block_id, removed=True)
    with database.atomic():
        current = blocks(issue)
        if back.article_id and any(b.article_id == back.article_id for b in current):
            raise Conflict(N_("This article already stands in the issue."))
        order = [b.id for b in current]
        order.insert(max(0, -back.position - 1), back.id)
        _place(issue, order)
        mediause.note(issue, blocks(issue))
        _touch(issue)
    return block(issue, block_id)


def articles_of(issue: Issue, found: Sequence[Block]) -> dict[int, Article]:
    """Id → article of the article blocks; a linked one only as long as it is released."""
    ids = [b.article_id for b in found if b.article_id and not b.source_tenant_id]
    others = [b.article_id for b in found if b.article_id and b.source_tenant_id]
    own = Article.select().where(Article.tenant_id == issue.tenant_id, Article.id.in_(ids))
    theirs, ours = abreast(
        lambda: linked.find(issue.tenant_id, others) if others else {},
        lambda: {article.id: article for article in own} if ids else {},
    )
    return theirs | ours


def close(issue: Issue) -> None:
    """Into approval, exactly in the version that was read; raises Conflict if it has changed meanwhile."""
    _touch(issue, state=IssueState.IN_REVIEW)


def mark(issue: Issue, state: IssueState) -> None:
    """Move an issue along its course; its articles become used when it is sent."""
    with database.atomic():
        Issue.update(state=state, updated_at=clock.now()).where(
            Issue.tenant_id == issue.tenant_id, Issue.id == issue.id
        ).execute()
        issue.state = state
        if state == IssueState.SENT:
            ids = [b.article_id for b in blocks(issue) if b.article_id and not b.hidden]
            if ids:
                Article.update(state=ArticleState.USED).where(
                    Article.tenant_id == issue.tenant_id,
                    Article.id.in_(ids),
                    Article.state == ArticleState.ACCEPTED,
                ).execute()


def changed(issue: Issue, **head: Any) -> None:
    """Count a change that others have made to the rows of the issue, with new values of its head; raises Conflict
    when it is closed or has changed meanwhile."""
    with database.atomic():
        mediause.note(issue, blocks(issue))
        _touch(issue, **head)


def _append(issue: Issue, kind: BlockKind, data: dict[str, Any], article_id: int | None = None) -> Block:
    last = (
        Block.select(fn.MAX(Block.position))
        .where(Block.tenant_id == issue.tenant_id, Block.issue_id == issue.id)
        .scalar()
        or 0
    )
    made = Block.create(
        tenant_id=issue.tenant_id,
        issue_id=issue.id,
        position=last + 1,
        kind=kind,
        data=data,
        article_id=article_id,
    )
    if any(block.locked for block in blocks(issue)):
        _place(issue, locks.end_of_slots(blocks(issue), made))
    mediause.note(issue, blocks(issue))
    _touch(issue)
    return made


def _place(issue: Issue, order: Sequence[int]) -> None:
    for position, block_id in enumerate(order, 1):
        Block.update(position=position).where(
            Block.tenant_id == issue.tenant_id, Block.id == block_id, Block.position != position
        ).execute()


def touch(issue: Issue, **values: Any) -> None:
    """Count the version up for a change of what belongs to the issue and is no block, with `values` of the issue's own;
    raises Conflict as any change does."""
    _touch(issue, **values)


def _touch(issue: Issue, **values: Any) -> None:
    """Count the version up with the change it belongs to; of two changes to one version the second is refused."""
    values.update(version=issue.version + 1, updated_at=clock.now())
    changed = (
        Issue.update(**values)
        .where(
            Issue.tenant_id == issue.tenant_id,
            Issue.id == issue.id,
            Issue.version == issue.version,
            Issue.state.in_(EDITABLE),
        )
        .execute()
    )
    if not changed:
        raise Conflict(CHANGED)
    if "state" not in values:
        voiding.void(issue.tenant_id, ISSUE, issue.id, N_("The issue was changed."))
    for name, value in values.items():
        setattr(issue, name, value)


def _check_open(found: Block) -> None:
    if found.locked:
        raise Conflict(locks.LOCKED)
