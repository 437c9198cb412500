"""From where an act comes: set once per request or job, so that every entry of the log carries it by itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

REFERENCE_CHARACTERS = 80


def _none() -> str:
    return ""


@dataclass(frozen=True)
class Origin:
    """`as_whom`: in whose place the person acts, empty for himself; `reference` says the ticket number he gave, asked
    only when something is recorded."""

    address: str = ""
    as_whom: str = ""
    reference: Callable[[], str] = _none


NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


def current() -> Origin:
    """The origin of what happens now; NOWHERE in jobs and on the command line."""
    return _current.get()


def begin(address: str, reference: Callable[[], str] = _none) -> None:
    """A request begins; whatever stood there before is gone."""
    _current.set(Origin(address[:45], "", reference))


def end() -> None:
    """The request is over."""
    _current.set(NOWHERE)


def acts_as(whom: str) -> None:
    """From here on the person acts in another's place or as a guest."""
    _current.set(replace(_current.get(), as_whom=whom[:80]))


@contextmanager
def acting(whom: str = "", reference: str = "") -> Iterator[None]:
    """Acts inside are done in another's place, or belong to a ticket."""
    before = _current.get()
    told = (lambda: reference) if reference else before.reference
    mark = _current.set(replace(before, as_whom=whom[:80] or before.as_whom, reference=told))
    try:
        yield
    finally:
        _current.reset(mark)


def one_line(text: str) -> str:
    """A reference as it is stored: one line of printable characters, cut."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:REFERENCE_CHARACTERS]
