"""Who changed a place of a mail between two frozen versions, and when: found in the steps of the issue.

A step keeps words before and after; a change of the mail is laid to the last step that brought in what is new, or took
out what is gone. What no step knows (a linked article, the template) is laid to nobody.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from dispatcher.rendering.changes import GONE, NEW, PREHEADER, SUBJECT, Change
from domain.issues.models import IssueRevision, IssueStep

_HEAD = {SUBJECT: "subject", PREHEADER: "preheader"}
_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"\w+")


def signed(found: Iterable[Change], old: IssueRevision, new: IssueRevision) -> list[Change]:
    """The changes with the person and the moment, as far as the steps between the two versions know them."""
    steps = list(
        IssueStep.select()
        .where(
            IssueStep.tenant_id == new.tenant_id, IssueStep.issue_id == new.issue_id, ~IssueStep.undone,
            IssueStep.created_at >= old.created_at, IssueStep.created_at <= new.created_at,
        )
        .order_by(IssueStep.number.desc())
    )  # fmt: skip
    return [_signed(change, steps) for change in found]


def _signed(change: Change, steps: list[IssueStep]) -> Change:
    step = next((step for step in steps if _made(step, change)), None)
    return replace(change, by_id=step.user_id, at=step.created_at) if step else change


def _made(step: IssueStep, change: Change) -> bool:
    if change.title in _HEAD:
        return _HEAD[change.title] in (step.after.get("head") or {})
    for words, side in ((_words_of(change, NEW), step.after), (_words_of(change, GONE), step.before)):
        if words and any(words <= set(_WORD.findall(text)) for text in _texts(side)):
            return True
    return False


def _words_of(change: Change, act: str) -> set[str]:
    return {word for kind, text in change.pieces if kind == act for word in _WORD.findall(text)}


def _texts(side: dict[str, Any]) -> Iterator[str]:
    """What each block said, without its tags."""
    for key, row in side.items():
        data = row.get("data") if key != "head" and isinstance(row, dict) else None
        if data:
            yield _TAG.sub(" ", " ".join(str(value) for value in data.values() if isinstance(value, str)))
