"""Several pieces of reading side by side: what they ask of the database at the same time leaves in one statement.

A page is made of parts that know nothing of each other, each asking its own small questions. Run abreast, they take
turns: each goes on until it asks something, and when all wait, the questions of all go together and every part gets
its own answer. So a page needs as many statements as its longest part has steps, not as many as it has questions, and
the same question is asked once. The parts need no change for it: each runs in a greenlet of the caller's thread, which
goes on exactly where its question was asked (threads would do, but cost a turn of the machine's queue per question).

Only reading: a statement that changes anything is refused, and statements run in the caller's transaction, if any.
"""

import json
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any

from greenlet import getcurrent, greenlet

Key = tuple[str, tuple[Any, ...]]
Send = Callable[[str, Sequence[Any]], Any]
MOST_COLUMNS = 90  # functions of PostgreSQL take a hundred values, those of SQLite 127


@dataclass(frozen=True)
class Question:
    """A SELECT; `names` are its columns if it may share a statement, None: it must go alone."""

    text: str
    values: tuple[Any, ...]
    names: tuple[str, ...] | None = None

    @property
    def key(self) -> Key:
        return self.text, tuple(tuple(v) if isinstance(v, list) else v for v in self.values)


class Rows:
    """An answer that has been read, in the shape of a cursor of the database."""

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.description = [(name, None, None, None, None, None, None) for name in names]
        self.rowcount = len(rows)
        self._rows = iter(rows)

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def __iter__(self) -> Any:
        return self._rows

    def close(self) -> None:
        self._rows = iter(())


class Part:
    """One piece of reading, and what it waits for."""

    def __init__(self, call: Callable[[], Any], run: "_Run", parent: "Part | None" = None) -> None:
        self.call, self.run, self.parent = call, run, parent
        self.result: Any = None
        self.error: Exception | None = None
        self.question: Question | None = None
        self.failure: Exception | None = None  # of the question
        self.children = 0
        self.course = greenlet(self._live, run.hub)  # to which it returns at its end
        self.course.gr_context = copy_context()

    def ask(self, question: Question) -> Rows:
        """The answer, after the others have asked too."""
        if not question.text.lstrip(" (\n")[:6].upper().startswith(("SELECT", "WITH")):
            raise RuntimeError(f"abreast only reads: {question.text[:200]}")
        if question.key not in self.run.known:
            self.question = question
            self.run.asking.append(self)
            self.run.wait()
            if self.failure:
                raise self.failure
        return Rows(*self.run.known[question.key])

    def split(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """The results of parts of this part."""
        parts = [Part(call, self.run, self) for call in calls]
        self.children = len(parts)
        self.run.begin(parts)
        self.run.wait()
        return _results(parts)

    def _live(self) -> None:
        _current.set(self)
        try:
            self.result = self.call()
        except Exception as error:  # raised where the caller asks for the result
            self.error = error
        if self.parent:
            self.parent.children -= 1
            if not self.parent.children:
                self.run.ready.append(self.parent)


_current: ContextVar[Part | None] = ContextVar("abreast", default=None)


def current() -> Part | None:
    """The part that is running; None: everything is asked at once, as usual."""
    return _current.get()


def run(send: Send, listed: Callable[[Sequence[str]], str], calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """The results of `calls` in their order. `send` runs a statement and returns a cursor; `listed` says in the
    engine's words how the rows of some columns become one JSON text. Raises what the first failing call raised."""
    if not calls:
        return []
    part = current()
    return part.split(calls) if part else _Run(send, listed).drive(calls)


class _Run:
    """Everything that is read in one go; its parts take turns."""

    def __init__(self, send: Send, listed: Callable[[Sequence[str]], str]) -> None:
        self.send, self.listed = send, listed
        self.ready: deque[Part] = deque()
        self.asking: list[Part] = []
        self.known: dict[Key, tuple[Sequence[str], Sequence[Sequence[Any]]]] = {}
        self.hub = getcurrent()

    def begin(self, parts: Sequence[Part]) -> None:
        self.ready.extend(parts)

    def wait(self) -> None:
        """Give the turn to the next part."""
        self.hub.switch()

    def drive(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        parts = [Part(call, self) for call in calls]
        self.begin(parts)
        while self.ready or self.asking:
            while self.ready:
                self.ready.popleft().course.switch()
            waiting, self.asking = self.asking, []
            self._answer(waiting)
            self.ready.extend(waiting)
        return _results(parts)

    def _answer(self, waiting: list[Part]) -> None:
        asked = {part.question.key: part.question for part in waiting if part.question}
        shared = [one for one in asked.values() if one.names and len(one.names) <= MOST_COLUMNS]
        alone = [one for one in asked.values() if one not in shared]
        if len(shared) == 1:
            alone, shared = alone + shared, []
        try:
            for one in alone:
                cursor = self.send(one.text, one.values)
                self.known[one.key] = ([c[0] for c in cursor.description], cursor.fetchall())
            for one, rows in zip(shared, self._joined(shared), strict=True):
                self.known[one.key] = (one.names or (), rows)
        except Exception as error:
            for part in waiting:
                part.failure = error

    def _joined(self, questions: list[Question]) -> list[list[Any]]:
        if not questions:
            return []
        heads, bodies = [], []
        for place, one in enumerate(questions):
            columns = [f"c{number}" for number in range(len(one.names or ()))]
            heads.append(f"q{place}({', '.join(columns)}) AS ({one.text})")
            bodies.append(f"SELECT {place}, {self.listed(columns)} FROM q{place}")  # noqa: S608 - our own names
        values = [value for one in questions for value in one.values]
        rows = self.send(f"WITH {', '.join(heads)} {' UNION ALL '.join(bodies)}", values).fetchall()
        found = {place: json.loads(text) if text else [] for place, text in rows}
        return [found[place] for place in range(len(questions))]


def _results(parts: Sequence[Part]) -> list[Any]:
    for part in parts:
        if part.error:
            raise part.error
    return [part.result for part in parts]
