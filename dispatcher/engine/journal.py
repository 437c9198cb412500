"""The journal of a deliver process: what it is about to hand over and what it learnt, written before it sends.

An append-only file that survives the death of the process (not of the machine: the header's boot id tells).
The owner holds a lock on it; whoever gets the lock knows that the owner is dead. Its space is reserved when it is
made and it is written through shared memory, which the system keeps when the process is killed: a write costs no
system call and cannot fail for want of space. Hot, standard library only.

Lines: a JSON header, then `I <delivery> <attempt>` for an intent and
`O <delivery> <attempt> <state> <code> <enhanced> <text>` for an outcome; zeros follow the last one. A line without
newline or with a zero in it is torn and says nothing.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path

from dispatcher.transport.replies import Outcome

SIZE = 512 * 1024  # some 5,000 mails; what has been written stands in memory until the next file
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
        self._open: dict[int, bytes] = {}  # delivery → what the database does not have yet, as a line
        self._lines: list[bytes] = []
        self._size = self._end = 0
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._create()

    def intent(self, delivery_id: int, attempt: int) -> None:
        """The body of this mail is about to leave."""
        line = b"I %d %d\n" % (delivery_id, attempt)
        self._open[delivery_id] = line
        self._lines.append(line)

    def outcome(self, delivery_id: int, attempt: int, outcome: Outcome) -> None:
        """What became of it."""
        state, code, enhanced, text = outcome
        if not text.isprintable():
            text = " ".join(text.split())
        line = f"O {delivery_id} {attempt} {state} {code} {enhanced or '-'} {text}\n".encode(
            "utf-8", "replace"
        )
        self._open[delivery_id] = line
        self._lines.append(line)

    def write(self) -> None:
        """Write down this round's lines. Raises OSError (no space for a new file): then nothing may be sent."""
        if not self._lines:
            return
        data = b"".join(self._lines)
        end = self._end + len(data)
        if end > self._size:
            self._rotate()  # the new file begins with all open lines, this round's among them
        else:
            self._map[self._end : end] = data
            self._end = end
        self._lines.clear()

    def settled(self, deliveries: list[int]) -> None:
        """The database has these; called between rounds by the thread that writes."""
        for delivery_id in deliveries:
            self._open.pop(delivery_id, None)

    def close(self) -> None:
        """End of a graceful stop: nothing is open any more, the file goes."""
        if not self._open and not self._lines:
            self.path.unlink(missing_ok=True)
        self._map.close()
        os.close(self._file)

    def _create(self) -> None:
        """A new file with header and open lines, locked before it takes its name. Not synchronised with the disk:
        nobody trusts a journal after the machine has gone down."""
        new = self.path.with_suffix(".new")
        new.unlink(missing_ok=True)
        data = self._header + b"\n" + b"".join(self._open.values())
        size = max(SIZE, 2 * len(data))  # a backlog of open lines must not be copied every round
        file = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            os.posix_fallocate(file, 0, size)
            memory = mmap.mmap(file, size)
            memory[: len(data)] = data
            os.rename(new, self.path)
        except BaseException:
            os.close(file)
            new.unlink(missing_ok=True)
            raise
        self._file, self._map, self._size, self._end = file, memory, size, len(data)

    def _rotate(self) -> None:
        old_file, old_map = self._file, self._map
        self._create()
        old_map.close()
        os.close(old_file)


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
    lines = data.rstrip(b"\0").split(b"\n")[:-1]  # what follows the last newline is torn or nothing
    try:
        header = json.loads(lines[0])
        folded = Folded(header["process"], header["boot"])
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise Unreadable("no journal header") from error
    for line in lines[1:]:
        if b"\0" in line:
            continue  # torn: the process was killed while it wrote, so what the line tells of never left
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
            continue  # not a line of ours: its mail is found by its lease
    return folded
