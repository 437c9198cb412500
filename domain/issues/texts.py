"""What people have written into an issue: every text, piece of HTML and link of its blocks, whatever their kind."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from domain.issues import placeholders
from domain.issues.models import Block, Issue

HTML, LINK, TEXT = "html", "link", "text"


@dataclass(frozen=True)
class Piece:
    """One value of a block; `name` is the key under which the block keeps it."""

    block_id: int
    kind: str
    name: str
    value: str


def pieces(blocks: Iterable[Block]) -> list[Piece]:
    """Everything written in `blocks`, in their order; what is empty is left out."""
    return [piece for block in blocks for piece in _walk(block.id, "", block.data or {})]


def names(issue: Issue, blocks: Iterable[Block]) -> list[str]:
    """The placeholders that an issue uses and that differ from person to person, each once."""
    used = placeholders.used(issue.subject, issue.preheader, *(piece.value for piece in pieces(blocks)))
    return placeholders.personal(used)


def _walk(block_id: int, name: str, value: Any) -> Iterator[Piece]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(block_id, str(key), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(block_id, name, inner)
    elif isinstance(value, str) and value.strip():
        yield Piece(block_id, _kind(name), name, value)


def _kind(name: str) -> str:
    base = name.partition("_")[0]  # html_2 is the second cell's html, link_x a link to X
    if base in ("html", "source"):
        return HTML
    return LINK if base in ("url", "href", "link") else TEXT
