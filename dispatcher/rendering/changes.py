"""What has changed between two frozen versions of a mail, for the person who approves it."""

import difflib
import re
from dataclasses import dataclass
from datetime import datetime

from domain.errors import N_
from domain.issues.models import IssueRevision

SAME, GONE, NEW = "same", "gone", "new"
Piece = tuple[str, str]


@dataclass(frozen=True)
class Change:
    """One changed place: its name or first words, what happened, and the words kept, gone and new; by whom and when,
    where that is known."""

    title: str
    act: str
    pieces: tuple[Piece, ...]
    by_id: int | None = None
    at: datetime | None = None


CHANGED, ADDED, REMOVED = N_("changed"), N_("new"), N_("taken out")
SUBJECT, PREHEADER = N_("Subject"), N_("Preview text")


def between(old: IssueRevision, new: IssueRevision) -> list[Change]:
    """Changes from `old` to `new`: subject, preview text, then the text part paragraph by paragraph."""
    found = []
    for title, before, after in (
        (SUBJECT, old.subject, new.subject),
        (PREHEADER, old.preheader, new.preheader),
    ):
        if before != after:
            found.append(Change(title, CHANGED, words(before, after)))
    return found + _paragraphs(_split(old.plain), _split(new.plain))


def words(before: str, after: str) -> tuple[Piece, ...]:
    """The two texts as one run of words that stayed, went and came."""
    left, right = re.findall(r"\S+\s*", before), re.findall(r"\S+\s*", after)
    pieces: list[Piece] = []
    for act, i1, i2, j1, j2 in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if act == "equal":
            pieces.append((SAME, "".join(left[i1:i2])))
            continue
        if i2 > i1:
            pieces.append((GONE, "".join(left[i1:i2])))
        if j2 > j1:
            pieces.append((NEW, "".join(right[j1:j2])))
    return tuple(pieces)


def _paragraphs(left: list[str], right: list[str]) -> list[Change]:
    found = []
    for act, i1, i2, j1, j2 in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if act == "equal":
            continue
        gone, new = left[i1:i2], right[j1:j2]
        for before, after in zip(gone, new, strict=False):
            found.append(Change(_start(after), CHANGED, words(before, after)))
        found += [Change(_start(text), REMOVED, ((GONE, text),)) for text in gone[len(new) :]]
        found += [Change(_start(text), ADDED, ((NEW, text),)) for text in new[len(gone) :]]
    return found


def _split(plain: str) -> list[str]:
    """Paragraphs of a text part, without the lines that underline a title."""
    plain = re.sub(r"\{\{(?:if:\d+|end)\}\}", "", plain)  # what only some people get counts like the rest
    plain = re.sub(r"^(-{2,}|\* \* \*)\s*$", "", plain, flags=re.M)
    return [part.strip() for part in re.split(r"\n\s*\n", plain) if part.strip()]


def _start(text: str) -> str:
    line = text.splitlines()[0]
    return line if len(line) <= 60 else line[:57].rstrip() + "…"
