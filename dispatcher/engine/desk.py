"""The desk: claims and settlements, in a process of their own beside a deliver process.

The pump and SQLite's driver would share one interpreter: each claim took it away from the pump for milliseconds
while all connections stood still. A side desk is asked over a socket pair, one request at a time, and holds nothing:
what it has committed stands in the ledger under its owner's id, and it dies with its owner.
"""

from __future__ import annotations

import gc
import marshal
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Protocol

import peewee

from dispatcher.engine import processors, starting
from dispatcher.engine.ties import tie_to_parent
from domain import db, tokens
from domain.campaigns.models import Campaign
from domain.ledger import outbox
from domain.ledger import settlements as outcomes
from domain.ledger.outbox import Claimed
from domain.ledger.rows import Row, Settlement

_LENGTH = struct.Struct("!I")
_CHILD = """
import sys
from dispatcher.engine import lean
lean.leave_out(sys.argv[2], "")
from dispatcher.engine.desk import main
main()
"""


class Desk(Protocol):
    """Where a recorder claims and settles. Raises peewee.OperationalError if the database does not answer."""

    def claim(self, campaign: Campaign, limit: int, owner_id: int, lease_s: int) -> Claimed: ...
    def settle(self, settlements: Sequence[Settlement]) -> None: ...
    def close(self) -> None: ...


class OwnDesk:
    """In this process and thread."""

    def claim(self, campaign: Campaign, limit: int, owner_id: int, lease_s: int) -> Claimed:
        return outbox.claim(starting.terms(campaign), limit, owner_id, lease_s)

    def settle(self, settlements: Sequence[Settlement]) -> None:
        outcomes.settle(settlements)

    def close(self) -> None:
        return


class SideDesk:
    """In a process beside this one. To be made by a thread that lives as long as the process: the kernel ends the
    child with the thread that made it."""

    def __init__(self, database_url: str, secret_key: bytes) -> None:
        self._socket, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _CHILD,
                    str(other.fileno()),
                    database_url.partition(":")[0],
                    str(os.getpid()),
                    "desk",
                ],
                pass_fds=(other.fileno(),),
                stdin=subprocess.DEVNULL,
            )
        _send(self._socket, (database_url, secret_key))

    def claim(self, campaign: Campaign, limit: int, owner_id: int, lease_s: int) -> Claimed:
        rows, rest = self._ask(("claim", campaign.tenant_id, campaign.id, limit, owner_id, lease_s))
        return Claimed(list(map(Row._make, rows)), *pickle.loads(rest))  # noqa: S301 - of our own child

    def settle(self, settlements: Sequence[Settlement]) -> None:
        self._ask(("settle", list(zip(*settlements, strict=True))))  # columns take half the time of rows

    def give_way(self) -> None:
        """Take the processors that the pump and others leave."""
        processors.give_way(self._process.pid)

    def close(self) -> None:
        self._socket.close()
        self._process.wait(db.BUSY_TIMEOUT_S)

    def _ask(self, request: tuple[Any, ...]) -> Any:
        _send(self._socket, request)
        trouble, answer = _receive(self._socket)
        if trouble:
            raise peewee.OperationalError(trouble)
        return answer


def serve(link: socket.socket) -> None:
    """Answer requests until the owner hangs up."""
    database_url, secret_key = _receive(link)
    tokens.configure(secret_key)
    db.bind(database_url)
    gc.freeze()  # as the pump's process does: claimed rows hold no cycles
    gc.set_threshold(20_000, 20, 50)
    desk = OwnDesk()
    while True:
        try:
            request = _receive(link)
        except (EOFError, ConnectionError):  # it was killed
            return
        try:
            db.database.connect(reuse_if_open=True)
            _send(link, ("", _answer(desk, *request)))
        except (peewee.OperationalError, peewee.InterfaceError) as error:
            db.database.close()
            _send(link, (str(error) or type(error).__name__, None))


def _answer(desk: OwnDesk, what: str, *values: Any) -> Any:
    if what == "settle":
        return desk.settle(list(map(Settlement._make, zip(*values[0], strict=True))))
    tenant_id, campaign_id, limit, owner_id, lease_s = values
    campaign = Campaign.get(Campaign.tenant_id == tenant_id, Campaign.id == campaign_id)
    claimed = desk.claim(campaign, limit, owner_id, lease_s)
    return list(map(tuple, claimed.rows)), pickle.dumps((claimed.limited_by, claimed.left_out))


def _send(link: socket.socket, value: Any) -> None:
    data = marshal.dumps(value)
    link.sendall(_LENGTH.pack(len(data)) + data)


def _receive(link: socket.socket) -> Any:
    """Raises EOFError when the other side is gone."""
    return marshal.loads(_exactly(link, _LENGTH.unpack(_exactly(link, _LENGTH.size))[0]))  # noqa: S302 - see above


def _exactly(link: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        read = link.recv_into(view[got:])
        if not read:
            raise EOFError("the other side of the desk is gone")
        got += read
    return data


def main() -> None:
    tie_to_parent(int(sys.argv[3]), signal.SIGKILL)
    for number in (signal.SIGTERM, signal.SIGINT):  # it ends with its owner, who still has to settle
        signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as link:
        serve(link)
