"""What changed between two texts, word by word, in pieces that a page can mark."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
MOST_WORDS = 4_000  # of a changed passage that is compared word by word; beyond, it counts as replaced
CONTEXT = 160  # characters that stay visible beside a change
SAME, ADDED, REMOVED, GAP = "same", "added", "removed", "gap"


@dataclass(frozen=True)
class Piece:
    """A stretch of text; `kind` is same, added, removed, or gap (unchanged text that is left out)."""

    kind: str
    text: str


def between(before: str, after: str) -> list[Piece]:
    """The pieces that lead from `before` to `after`; long unchanged stretches become gaps. Equal texts: no piece."""
    if before == after:
        return []
    return _shortened(_merged(_lines(before, after)))


def _lines(before: str, after: str) -> Iterator[Piece]:
    """By lines first, so that a long text with one changed paragraph is cheap."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece(SAME, "".join(old[a:b]))
        else:
            yield from _words("".join(old[a:b]), "".join(new[c:d]))


def _words(before: str, after: str) -> Iterator[Piece]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if not old or not new or max(len(old), len(new)) > MOST_WORDS:
        yield from _replaced(before, after)
        return
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece(SAME, "".join(old[a:b]))
        else:
            yield from _replaced("".join(old[a:b]), "".join(new[c:d]))


def _replaced(before: str, after: str) -> Iterator[Piece]:
    if before:
        yield Piece(REMOVED, before)
    if after:
        yield Piece(ADDED, after)


def _merged(pieces: Iterator[Piece]) -> list[Piece]:
    """Neighbours of one kind joined; a lone space between two changes belongs to them."""
    found: list[Piece] = []
    for piece in pieces:
        if found and found[-1].kind == piece.kind:
            found[-1] = Piece(piece.kind, found[-1].text + piece.text)
        else:
            found.append(piece)
    return found


def _shortened(pieces: list[Piece]) -> list[Piece]:
    found: list[Piece] = []
    for number, piece in enumerate(pieces):
        first, last = number == 0, number == len(pieces) - 1
        if piece.kind != SAME or len(piece.text) <= 2 * CONTEXT:
            found.append(piece)
            continue
        head = "" if first else piece.text[:CONTEXT]
        tail = "" if last else piece.text[-CONTEXT:]
        found += [Piece(SAME, head), Piece(GAP, ""), Piece(SAME, tail)]
    return [p for p in found if p.text or p.kind == GAP]
