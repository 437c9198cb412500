"""Whether this machine may send: a count that rises in the database and in a file beside it, and must agree.

A database restored from yesterday is behind its file, a folder copied to another place or machine has another name.
The file is written first with both values, so that a kill between the two writes looks like neither.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
import time
from pathlib import Path

import structlog

from dispatcher.senders import machine as host_name
from domain.db import database
from domain.ledger import marks
from domain.ledger.models import InstallationMark

log = structlog.get_logger()
RISE_S = 60.0  # a restored copy is at most so young without being noticed
ASK_S = 1.0


class Mark:
    """Safe for the threads of a deliver process; other processes of the machine are kept apart by a file lock."""

    def __init__(self, instance: Path, rise_s: float = RISE_S) -> None:
        self._path = instance / "sending.mark"
        self._machine = machine_id(instance)
        self._rise_s = rise_s
        self._lock = threading.Lock()
        self._asked_at = -1e9
        self._fine = False

    def may_send(self) -> bool:
        """Asked before every look at the tables; really looks once a minute, or every second while it may not."""
        with self._lock:
            now = time.monotonic()
            if now - self._asked_at >= (self._rise_s if self._fine else ASK_S):
                self._asked_at = now
                fine = self._look()
                if self._fine and not fine:
                    log.error("sending is stopped: this installation may be a copy")
                self._fine = fine
            return self._fine

    def join(self) -> None:
        """Enter this machine on the word of whoever administers both it and the first one: it may send."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with database.atomic():
                row = marks.enter(self._machine, host_name(), "")
                if row.doubt not in ("", marks.CONFIRMED):
                    marks.confirm(row.id, None)
                self._write(row.epoch)

    def _look(self) -> bool:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with database.atomic():
                row = marks.of(self._machine)
                written = self._read()
                if row is None:
                    first = marks.is_untouched() or (not written and not marks.any_known())
                    row = marks.enter(self._machine, host_name(), "" if first else marks.NEW)
                    written = {"machine": self._machine, "epoch": 0, "next": 0} if first else written
                if not row.doubt:
                    why = self._difference(row, written)
                    if why:
                        marks.doubt(self._machine, why)
                        row.doubt = why
                if row.doubt not in ("", marks.CONFIRMED):
                    return False
                self._write(row.epoch)
                return marks.rise(self._machine, row.epoch)

    def _difference(self, row: InstallationMark, written: dict[str, object]) -> str:
        if not written:
            return marks.FILE_GONE
        if written.get("machine") != self._machine:
            return marks.NEW
        return "" if row.epoch in (written.get("epoch"), written.get("next")) else marks.RESTORED

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, epoch: int) -> None:
        fresh = self._path.with_suffix(".new")
        with fresh.open("w") as out:
            json.dump({"machine": self._machine, "epoch": epoch, "next": epoch + 1}, out)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._path)


def machine_id(instance: Path) -> str:
    """What tells this installation from a copy of it: the machine and the folder."""
    try:
        own = Path("/etc/machine-id").read_text().strip()
    except OSError:
        own = ""
    text = "\n".join((own or host_name(), str(instance.resolve())))
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()
