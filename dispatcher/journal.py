"""The journal of a deliver process: what it is about to hand over and what it learnt, written before it sends.

An append-only file that survives the death of the process (not of the machine: the header's boot id tells).
The owner holds a lock on it; whoever gets the lock knows that the owner is dead. Hot, standard library only.

Lines: a JSON header, then `I <delivery> <attempt>` for an intent and
`O <delivery> <attempt> <state> <code> <enhanced> <text>` for an outcome. A last line without newline is torn and
says nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path

from dispatcher.transport.replies import Outcome

ROTATE_BYTES = 4 * 1024 * 1024
Key = tuple[int, int]  # delivery id, attempt


class Unreadable(Exception):
    """The journal is missing or is none: nothing can be said about what its owner did."""


class OwnerAlive(Exception):
    """The journal's owner holds the lock."""


def boot_id() -> str:
    """Changes when the machine starts anew: then the last writes of a journal may be missing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return socket.gethostname()


class Journal:
    """Written by one process. `settled` names what the database has, so that rotation can forget it."""

    def __init__(self, path: Path, process_id: int) -> None:
        self.path = path
        self._header = json.dumps(
            {"v": 1, "process": process_id, "boot": boot_id(), "pid": os.getpid()}, separators=(",", ":")
        ).encode()
        self._open: dict[Key, bytes] = {}  # what the database does not have yet, as lines
        self._lines: list[bytes] = []
        self._torn = False
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = self._create()

    def intent(self, delivery_id: int, attempt: int) -> None:
        """The body of this mail is about to leave."""
        line = b"I %d %d\n" % (delivery_id, attempt)
        self._open[delivery_id, attempt] = line
        self._lines.append(line)

    def outcome(self, delivery_id: int, attempt: int, outcome: Outcome) -> None:
        """What became of it."""
        text = outcome.text if outcome.text.isprintable() else " ".join(outcome.text.split())
        line = b"O %d %d %d %d %s %s\n" % (
            delivery_id,
            attempt,
            outcome.state,
            outcome.code,
            outcome.enhanced.encode() or b"-",
            text.encode("utf-8", "replace"),
        )
        self._open[delivery_id, attempt] = line
        self._lines.append(line)

    def write(self) -> None:
        """Hand this round's lines to the system in one write. Raises OSError: then nothing may be sent."""
        if not self._lines:
            return
        data = b"".join(self._lines)
        if self._torn:  # what the last attempt left of a line must not run into this one
            data = b"\n" + data
        self._torn = True
        written = os.write(self._file, data)
        while written < len(data):
            written += os.write(self._file, data[written:])
        self._torn = False
        self._lines.clear()
        self._size += len(data)
        if self._size > ROTATE_BYTES:
            self._rotate()

    def settled(self, keys: list[Key]) -> None:
        """The database has these; called between rounds by the thread that writes."""
        for key in keys:
            self._open.pop(key, None)

    def close(self) -> None:
        """End of a graceful stop: nothing is open any more, the file goes."""
        if not self._open and not self._lines:
            self.path.unlink(missing_ok=True)
        os.close(self._file)

    def _create(self) -> int:
        """A new file with header and open lines, locked before it takes its name."""
        new = self.path.with_suffix(".new")
        new.unlink(missing_ok=True)
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        data = self._header + b"\n" + b"".join(self._open.values())
        os.write(file, data)
        os.fdatasync(file)
        os.rename(new, self.path)
        self._size = len(data)
        return file

    def _rotate(self) -> None:
        old = self._file
        self._file = self._create()
        # grows again only by as much, or a backlog of open lines would be copied every round
        self._size = 0
        os.close(old)


@dataclass
class Folded:
    """What a dead owner's journal says. `intents` hold those without an outcome."""

    process_id: int
    boot_id: str
    intents: set[Key] = field(default_factory=set)
    outcomes: dict[Key, Outcome] = field(default_factory=dict)
    _file: int = -1
    _path: Path | None = None

    def release(self, *, delete: bool) -> None:
        """Give the lock back; `delete` once the database has it all."""
        if delete and self._path is not None:
            self._path.unlink(missing_ok=True)
        os.close(self._file)


def fold(path: Path) -> Folded:
    """Lock and read the journal of a dead owner. Raises OwnerAlive or Unreadable; the caller releases it."""
    file = _locked(path)
    try:
        with open(os.dup(file), "rb") as stream:
            folded = _read(stream.read())
    except BaseException:
        os.close(file)
        raise
    folded._file, folded._path = file, path
    return folded


def _locked(path: Path) -> int:
    while True:
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise Unreadable(str(error)) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(file)
            raise OwnerAlive(path.name) from error
        try:
            same = os.fstat(file).st_ino == os.stat(path).st_ino
        except OSError as error:
            os.close(file)
            raise Unreadable(str(error)) from error
        if same:
            return file
        os.close(file)  # its owner rotated between open and lock: look again


def _read(data: bytes) -> Folded:
    lines = data.split(b"\n")[:-1]  # what follows the last newline is torn or nothing
    try:
        header = json.loads(lines[0])
        folded = Folded(header["process"], header["boot"])
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise Unreadable("no journal header") from error
    for line in lines[1:]:
        kind, _, rest = line.partition(b" ")
        try:
            if kind == b"I":
                delivery_id, attempt = rest.split()
                folded.intents.add((int(delivery_id), int(attempt)))
            elif kind == b"O":
                first, second, state, code, enhanced, text = rest.split(b" ", 5)
                key = int(first), int(second)
                shown = enhanced.decode() if enhanced != b"-" else ""
                folded.outcomes[key] = Outcome(int(state), int(code), shown, text.decode("utf-8", "replace"))
                folded.intents.discard(key)
        except ValueError:
            continue  # a line damaged by a full disk: its mail is found by its lease
    return folded
