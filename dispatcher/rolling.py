"""DOOR: hand a central issue out to the branches of a rollout, each with an issue and a mailing of its own.

Articles stay the head office's and are linked through releases, pictures are copied, lists, segments, pictures and
folders with a stand-in name are the branch's own. What is no open slot is locked in the copy.
"""

from dataclasses import dataclass
from typing import Any

from dispatcher import clearance
from dispatcher.jobs import copies
from dispatcher.rendering import render
from domain import bounds, clock
from domain.accounts.models import User
from domain.campaigns import planning
from domain.campaigns.models import Campaign
from domain.db import abreast, database
from domain.errors import N_, Conflict, Invalid
from domain.issues import assembly, mediause
from domain.issues.models import Block, BlockKind, Issue
from domain.releases import ledger
from domain.rollouts import aliases, course, receiving
from domain.rollouts.models import BranchState, Rollout, RolloutBranch
from domain.subscribers import types
from domain.subscribers.models import NewsletterType
from domain.tenancy import tree
from domain.tenancy.models import Tenant
from mediadb import aliases as media

Problem = tuple[str, dict[str, object]]
SLOT = "slot"  # a kind of block that is nothing but an open place


@dataclass(frozen=True)
class Source:
    """The central issue with everything that a copy is made from."""

    rollout: Rollout
    giver: Tenant
    issue: Issue
    blocks: list[Block]
    kind: NewsletterType
    audience: dict[str, Any]
    lists: dict[int, tuple[str, str]]  # id → (stand-in name, name)
    segments: dict[int, tuple[str, str]]
    pictures: dict[int, str]  # id → stand-in name

    def is_open(self, block: Block) -> bool:
        return block.kind == SLOT or str(block.id) in self.rollout.slots


def read(rollout: Rollout, giver: Tenant) -> Source:
    """The central issue as it is now, and the names that stand for what branches have themselves."""
    issue = assembly.get(giver.id, rollout.issue_id)
    blocks, campaign, kind = abreast(
        lambda: assembly.blocks(issue),
        lambda: planning.of_issue(issue),
        lambda: types.get(giver.id, issue.type_id),
    )
    wanted = (campaign.audience if campaign else None) or {}
    segments = {wanted.get("segment"), wanted.get("exclude"), *(block.segment_id for block in blocks)} - {
        None
    }
    pictures = {value for block in blocks for value in _asset_ids(block.data).values()}
    named = abreast(
        lambda: aliases.of_ids(giver.id, "list", {int(i) for i in wanted.get("lists", [])}),
        lambda: aliases.of_ids(giver.id, "segment", {int(i) for i in segments if i}),
        lambda: media.words_of(giver.id, pictures),
    )
    return Source(rollout, giver, issue, blocks, kind, wanted, *named)


def problems(source: Source, base_url: str) -> list[Problem]:
    """What keeps the rollout from being opened, in sentences."""
    found: list[Problem] = [
        (finding.message, finding.params)
        for finding in clearance.preflight(source.giver, source.issue, base_url)[0]
        if finding.error
    ]
    for named in (source.lists, source.segments):
        found += [
            (N_("“%(name)s” has no stand-in name yet. Branches would not find their own."), {"name": name})
            for word, name in named.values()
            if not word
        ]
    if any(block.source_tenant_id for block in source.blocks):
        found.append(
            (N_("An article comes from another tenant and cannot be passed on. Copy it into your pool."), {})
        )
    return found


def open_up(rollout: Rollout, giver: Tenant, user: User, base_url: str) -> None:
    """Let the branches have it: those that are obliged get their issue at once, the others are invited. Raises
    Invalid with the first thing that is wrong, Conflict when it is open already."""
    source = read(rollout, giver)
    wrong = problems(source, base_url)
    if wrong:
        raise Invalid(wrong[0][0], None, **wrong[0][1])
    with database.atomic():
        rows = course.open_up(rollout, giver, user)
        _release_articles(source, rows, user)
        for row in rows:
            if row.obliged:
                hand_out(source, row, user)


def join(one: receiving.Received, tenant: Tenant, user: User, type_id: int | None = None) -> bool:
    """The branch takes part: makes its issue and mailing. False when something is missing that it has to name."""
    receiving.check_open(one)
    source = read(one.rollout, one.giver)
    with database.atomic():
        if not hand_out(source, one.branch, user, type_id):
            return False
        receiving.tell_joined(one, user)
    return True


def hand_out(source: Source, row: RolloutBranch, user: User, type_id: int | None = None) -> bool:
    """The branch's own issue and the draft of its mailing; False, with what is missing noted, when a stand-in name
    leads nowhere in the branch."""
    branch = tree.get(row.branch_tenant_id)
    kind = _kind(source, branch, type_id)
    lists = aliases.by_word(branch.id, "list", {word for word, _name in source.lists.values()})
    segments = aliases.by_word(branch.id, "segment", {word for word, _name in source.segments.values()})
    missing = [] if kind else [["type", source.kind.slug]]
    missing += [["list", word] for word, _ in source.lists.values() if word not in lists]
    missing += [["segment", word] for word, _ in source.segments.values() if word not in segments]
    if missing or kind is None:
        receiving.lacks(row, missing)
        return False
    at_work = bounds.current()
    mine = at_work if at_work and at_work.tenant_id == branch.id else None
    with database.atomic(), bounds.within(mine):  # territories of the head office are none of the branch's
        at = source.rollout.send_at
        issue = assembly.create(
            branch.id, kind.id, user.id, planned_at=at if at and at > clock.now() else None
        )
        Block.delete().where(Block.tenant_id == branch.id, Block.issue_id == issue.id).execute()
        issue.name = source.issue.name
        issue.subject, issue.preheader = source.issue.subject, source.issue.preheader
        issue.rollout_id, issue.head_locked = source.rollout.id, not source.rollout.subject_open
        issue.origin_tenant_id, issue.origin_id = source.giver.id, source.issue.id
        issue.save()
        own_segments = {key: segments[word] for key, (word, _name) in source.segments.items()}
        _write(source, issue, own_segments)
        campaign = _campaign(source, issue, branch, kind, user)
        campaign.audience = {
            **(campaign.audience or {}),
            "lists": sorted(lists[word] for word, _name in source.lists.values()),
            "segment": own_segments.get(source.audience.get("segment") or 0),
            "exclude": own_segments.get(source.audience.get("exclude") or 0),
        }
        campaign.save()
        receiving.joined(row, issue, campaign, user)
    return True


def renew(rollout: Rollout, giver: Tenant, user: User, base_url: str) -> tuple[int, int]:
    """Hand the locked blocks out once more as they are now; (issues renewed, issues closed already). What branches
    wrote into open slots stays."""
    source = read(rollout, giver)
    wrong = problems(source, base_url)
    if wrong:
        raise Invalid(wrong[0][0], None, **wrong[0][1])
    renewed = closed = 0
    with database.atomic():
        rows = course.branches(rollout)
        _release_articles(source, rows, user)
        for row in rows:
            if row.state != BranchState.JOINED or row.issue_id is None:
                continue
            issue = assembly.get(row.branch_tenant_id, row.issue_id)
            if issue.state not in assembly.EDITABLE:
                closed += 1
                continue
            words = {word for word, _name in source.segments.values()}
            own = aliases.by_word(issue.tenant_id, "segment", words)
            if not words <= set(own):
                raise Conflict(
                    N_("“%(tenant)s” lacks the segment of a new block. Name it there first."),
                    tenant=tree.get(issue.tenant_id).name,
                )
            _write(source, issue, {key: own[word] for key, (word, _name) in source.segments.items()})
            if issue.head_locked:
                issue.subject, issue.preheader = source.issue.subject, source.issue.preheader
            issue.version, issue.updated_at = issue.version + 1, clock.now()
            issue.save()
            renewed += 1
        course.note_renewed(rollout, user, renewed)
    return renewed, closed


def _kind(source: Source, branch: Tenant, type_id: int | None) -> NewsletterType | None:
    """The type the branch has chosen, else the one of the same short name, else its only one."""
    known = [kind for kind in types.every(branch.id) if kind.active]
    if type_id is not None:
        return types.get(branch.id, type_id)
    alike = [kind for kind in known if kind.slug == source.kind.slug]
    only = known if len(known) == 1 else []
    return next(iter(alike or only), None)


def _campaign(source: Source, issue: Issue, branch: Tenant, kind: NewsletterType, user: User) -> Campaign:
    sender = render.sender_of(branch, kind)
    campaign = planning.draft_for(issue, user.id, sender.name, sender.address, sender.reply_to)
    campaign.rollout_id = source.rollout.id
    return campaign


def _write(source: Source, issue: Issue, segments: dict[int, int]) -> None:
    """Bring the blocks of a copy to what the central issue holds; own blocks stay behind the one they followed."""
    everything = list(Block.select().where(Block.tenant_id == issue.tenant_id, Block.issue_id == issue.id))
    known = {block.origin_id: block for block in everything if block.origin_id}
    central = {block.id for block in source.blocks}
    order = _own_behind(assembly.blocks(issue), central)
    placed = order.pop(None, [])
    for block in source.blocks:
        copy = known.get(block.id)
        is_open = source.is_open(block)
        if copy is None or not is_open:
            values = _values(source, block, issue.tenant_id, segments, is_open)
            if copy is None:
                copy = Block.create(
                    tenant_id=issue.tenant_id, issue_id=issue.id, position=1_000, origin_id=block.id, **values
                )
            else:
                for key, value in values.items():
                    setattr(copy, key, value)
                copy.position = abs(copy.position)
                copy.save()
        if copy.position > 0:
            placed.append(copy.id)
        placed += order.pop(block.id, [])
    for gone in (b for b in everything if b.origin_id and b.origin_id not in central and b.locked):
        Block.delete().where(Block.tenant_id == issue.tenant_id, Block.id == gone.id).execute()
    for position, block_id in enumerate(placed, 1):
        Block.update(position=position).where(
            Block.tenant_id == issue.tenant_id, Block.id == block_id
        ).execute()
    mediause.note(issue, assembly.blocks(issue))


def _own_behind(blocks: list[Block], central: set[int]) -> dict[int | None, list[int]]:
    """Id of a central block (None: the beginning) → ids of the branch's own blocks behind its copy."""
    found: dict[int | None, list[int]] = {}
    last: int | None = None
    for block in blocks:
        if block.origin_id in central:
            last = block.origin_id
        elif not block.locked:
            found.setdefault(last, []).append(block.id)
    return found


def _values(
    source: Source, block: Block, tenant_id: int, segments: dict[int, int], is_open: bool
) -> dict[str, Any]:
    """The columns of a copied block."""
    data = dict(block.data)
    chosen = _asset_ids(data)
    own = media.pictures(tenant_id, {source.pictures[i] for i in chosen.values() if i in source.pictures})
    for key, asset_id in chosen.items():
        word = source.pictures.get(asset_id, "")
        data[key] = own.get(word) or copies.asset(source.giver.id, asset_id, tenant_id)
    folder = (source.rollout.slots.get(str(block.id)) or {}).get("folder", "")
    if is_open and folder and block.kind == BlockKind.PICTURE:
        newest = media.newest_in(tenant_id, folder)
        if newest is not None:
            data |= {"asset_id": newest.id, "alt": newest.alt}
    return {
        "kind": block.kind, "data": data, "hidden": block.hidden, "locked": not is_open,
        "article_id": block.article_id, "source_tenant_id": source.giver.id if block.article_id else None,
        "segment_id": segments.get(block.segment_id or 0),
    }  # fmt: skip


def _asset_ids(data: dict[str, Any]) -> dict[str, int]:
    """Key → id of the files that a block shows."""
    return {
        key: int(value)
        for key, value in data.items()
        if key.startswith("asset_id") and str(value or "").isdigit()
    }


def _release_articles(source: Source, rows: list[RolloutBranch], user: User) -> None:
    """The branches may link what stands in the issue, and nothing else of the pool."""
    to = ledger.To(tuple(row.branch_tenant_id for row in rows))
    for block in source.blocks:
        if block.article_id:
            try:
                ledger.give(source.giver, "article", block.article_id, to, user)
            except Conflict:  # released to all of them already
                continue
