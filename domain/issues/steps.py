"""The history of an issue: every change as a step that can be undone and done again, also after a reload.

A step keeps only what it changed: the head of the issue and single blocks, before and after. Block rows are never
deleted, so that a number stays what it was; what is taken out has a position below 1. Undoing and redoing count the
issue's version up like any other change.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain import clock
from domain.db import database
from domain.errors import N_, Conflict, NotFound
from domain.issues import assembly
from domain.issues.models import Block, Issue, IssueStep

KEPT = 200  # steps per issue; older ones are forgotten
SITTING = timedelta(seconds=45)  # changes of one text within it are one step: nobody undoes letter by letter
MERGED = ("head", "edit")
HEAD = ("subject", "preheader", "name", "template_id")
ROW = ("position", "kind", "article_id", "source_tenant_id", "data", "locked", "hidden", "segment_id")
Part = dict[
    str, Any
]  # "head" or the number of a block → those of its values that changed, None: it was not there


@dataclass(frozen=True)
class Trail:
    """Where an issue stands: steps newest first, and what undo and redo would move to (None: nothing)."""

    steps: list[IssueStep]
    undo: IssueStep | None
    redo: IssueStep | None


@contextmanager
def recorded(issue: Issue, user_id: int, act: str) -> Iterator[None]:
    """Keep what changes inside as one step of `user_id`. What was undone before can then no longer be redone."""
    with database.atomic():
        before = _state(issue)
        yield
        was, now = _difference(before, _state(assembly.get(issue.tenant_id, issue.id)))
        if not was:
            return
        IssueStep.delete().where(*_of(issue), IssueStep.undone).execute()
        last = _last(issue)
        if last and _goes_on(last, user_id, act, list(now)):
            _prolong(last, was, now)
            return
        IssueStep.create(
            tenant_id=issue.tenant_id, issue_id=issue.id, number=last.number + 1 if last else 1, act=act,
            before=was, after=now, user_id=user_id,
        )  # fmt: skip
        if last and last.number % 20 == 0:
            IssueStep.delete().where(*_of(issue), IssueStep.number < last.number - KEPT).execute()


def _difference(before: Part, after: Part) -> tuple[Part, Part]:
    """What changed, as it was and as it is: of a block that was there before and after only the values that differ."""
    was: Part = {}
    now: Part = {}
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            was[key], now[key] = old, new
        elif names := [name for name in new if old[name] != new[name]]:
            was[key], now[key] = {n: old[n] for n in names}, {n: new[n] for n in names}
    return was, now


def _prolong(last: IssueStep, was: Part, now: Part) -> None:
    """Let a step take in what the same person changed a moment later in the same place."""
    before = {key: {**was[key], **last.before[key]} for key in now}
    after = {key: {**last.after[key], **now[key]} for key in now}
    IssueStep.update(before=before, after=after, created_at=clock.now()).where(
        IssueStep.tenant_id == last.tenant_id, IssueStep.id == last.id
    ).execute()


def trail(issue: Issue, most: int = 30) -> Trail:
    """The last steps, and the next to undo and to redo."""
    found = list(IssueStep.select().where(*_of(issue)).order_by(IssueStep.number.desc()).limit(most))
    undo = next((step for step in found if not step.undone), None)
    redo = next((step for step in reversed(found) if step.undone), None)
    return Trail(found, undo, redo)


def undo(issue: Issue) -> IssueStep:
    """Take the last step back; raises Conflict if there is none."""
    step = _last(issue, ~IssueStep.undone)
    if step is None:
        raise Conflict(N_("There is nothing to undo."))
    return _go(issue, step, back=True)


def redo(issue: Issue) -> IssueStep:
    """Do the step that was undone last once more."""
    step = IssueStep.select().where(*_of(issue), IssueStep.undone).order_by(IssueStep.number).first()
    if step is None:
        raise Conflict(N_("There is nothing to redo."))
    return _go(issue, step, back=False)


def go_to(issue: Issue, number: int) -> None:
    """Back or forth until step `number` is the last that holds (0: as at the beginning); raises NotFound."""
    if number and not IssueStep.select().where(*_of(issue), IssueStep.number == number).exists():
        raise NotFound
    with database.atomic():
        found = IssueStep.select().where(*_of(issue))
        later = found.where(IssueStep.number > number, ~IssueStep.undone).order_by(IssueStep.number.desc())
        for step in list(later):
            _go(issue, step, back=True)
        earlier = found.where(IssueStep.number <= number, IssueStep.undone).order_by(IssueStep.number)
        for step in list(earlier):
            _go(issue, step, back=False)


def _go(issue: Issue, step: IssueStep, back: bool) -> IssueStep:
    with database.atomic():
        values: Part = step.before if back else step.after
        head = values.get("head") or {}
        for key, row in values.items():
            if key != "head":
                _put(issue, int(key), row)
        step.undone = back
        step.save()
        assembly.changed(issue, **head)
        return step


def _put(issue: Issue, block_id: int, row: Part | None) -> None:
    """A block as it was; one that was not there yet goes to where removed ones are."""
    if row is None:
        found = Block.get_or_none(
            Block.tenant_id == issue.tenant_id, Block.issue_id == issue.id, Block.id == block_id
        )
        row = {"position": -max(abs(found.position), 1)} if found else {}
    if row:
        Block.update(**row).where(
            Block.tenant_id == issue.tenant_id, Block.issue_id == issue.id, Block.id == block_id
        ).execute()


def _state(issue: Issue) -> Part:
    """Head and blocks as values."""
    rows = Block.select().where(
        Block.tenant_id == issue.tenant_id, Block.issue_id == issue.id, Block.position > 0
    )
    state: Part = {"head": {name: getattr(issue, name) for name in HEAD}}
    for row in rows:
        state[str(row.id)] = {name: getattr(row, name) for name in ROW}
    return state


def _goes_on(last: IssueStep, user_id: int, act: str, changed: list[str]) -> bool:
    """Whether a change belongs to the step before: the same person at the same text, hardly a pause between."""
    return (
        act in MERGED and last.act == act and last.user_id == user_id and sorted(last.after) == sorted(changed)
        and clock.now() - last.created_at < SITTING
    )  # fmt: skip


def _last(issue: Issue, *more: Any) -> IssueStep | None:
    return IssueStep.select().where(*_of(issue), *more).order_by(IssueStep.number.desc()).first()


def _of(issue: Issue) -> tuple[Any, Any]:
    return IssueStep.tenant_id == issue.tenant_id, IssueStep.issue_id == issue.id
