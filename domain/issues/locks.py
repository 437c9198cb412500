"""What a branch may not touch in its copy of a rolled-out issue: locked blocks, their order, and the subject.

A copy consists of locked blocks and open slots. Own blocks stand only where a slot is: between the same two locked
blocks. An issue without locked blocks knows no such rules.
"""

from collections.abc import Sequence

from domain.errors import N_, Conflict
from domain.issues.models import Block, Issue

LOCKED = N_("This block is locked by the head office and stays as it is.")


def check_head(issue: Issue, subject: str, preheader: str) -> None:
    """Raise Conflict when subject or preview text of a locked head would change."""
    if issue.head_locked and (subject.strip(), preheader.strip()) != (issue.subject, issue.preheader):
        raise Conflict(N_("Subject and preview text are locked by the head office."))


def check_order(blocks: Sequence[Block], order: Sequence[int]) -> None:
    """Raise Conflict if the wished order of ids moves a locked block, or puts another one where no slot is."""
    if not any(block.locked for block in blocks):
        return
    by_id = {block.id: block for block in blocks}
    wished = [by_id[block_id] for block_id in order]
    locked = [block.id for block in blocks if block.locked]
    if [block.id for block in wished if block.locked] != locked:
        raise Conflict(LOCKED)
    allowed = slots(blocks)
    if any(place not in allowed for place in slots(wished)):
        raise Conflict(N_("Here the head office has left no room. Own blocks stand in the open slots."))


def slots(blocks: Sequence[Block]) -> list[int]:
    """The places of an order in which an open block stands: how many locked ones are above it."""
    found: list[int] = []
    above = 0
    for block in blocks:
        if block.locked:
            above += 1
        elif above not in found:
            found.append(above)
    return found


def end_of_slots(blocks: Sequence[Block], added: Block) -> list[int]:
    """The order of ids with a new block at the end of the last slot; raises Conflict when there is no slot."""
    others = [block for block in blocks if block.id != added.id]
    places = [index for index, block in enumerate(others) if not block.locked]
    if not places:
        raise Conflict(N_("This issue has no open slot: all its blocks are locked by the head office."))
    order = [block.id for block in others]
    order.insert(places[-1] + 1, added.id)
    return order
