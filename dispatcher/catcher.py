"""The mail catcher of development and demo: an SMTP server on loopback that keeps mails in instance/catcher.db.

It delivers nothing. The portal reads its inbox through `list_mails` and `get_mail`.
"""

import asyncio
import queue
import signal
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from email.header import decode_header, make_header
from pathlib import Path

_GROUP = 256  # mails per commit
_SIZE_MAX = 50 * 1024 * 1024
_SCHEMA = """CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, mail_from TEXT NOT NULL, rcpt_to TEXT NOT NULL,
    subject TEXT NOT NULL, size_bytes INTEGER NOT NULL, raw BLOB NOT NULL)"""
_GREETING = b"220 localhost Rundbrief mail catcher\r\n"
_EHLO = b"250-localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE %d\r\n250 ENHANCEDSTATUSCODES\r\n"
_END = b"\r\n.\r\n"


@dataclass(frozen=True)
class CaughtMail:
    """A line of the inbox; `at` is epoch seconds."""

    id: int
    at: int
    mail_from: str
    rcpt_to: str
    subject: str
    size_bytes: int


def serve(instance_dir: Path, port: int = 0) -> None:
    """Catch mails until TERM or INT; the port (0: a free one) is written to instance/catcher.port."""

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await catch(instance_dir, port, stop)

    asyncio.run(run())


async def catch(instance_dir: Path, port: int, stop: asyncio.Event) -> None:
    """Catch mails until `stop` is set."""
    store = _Store(instance_dir / "catcher.db")
    port_file = instance_dir / "catcher.port"
    server = await asyncio.get_running_loop().create_server(
        lambda: _Session(store), "127.0.0.1", port, backlog=512
    )
    async with server:
        fresh = port_file.with_suffix(".port.new")
        fresh.write_text(f"{server.sockets[0].getsockname()[1]}\n")
        fresh.rename(port_file)
        await stop.wait()
    port_file.unlink(missing_ok=True)
    store.close()


def port_of(instance_dir: Path) -> int | None:
    """The port of the running catcher, None if there is none."""
    try:
        return int((instance_dir / "catcher.port").read_text())
    except (OSError, ValueError):
        return None


def list_mails(path: Path, q: str = "", before_id: int | None = None, limit: int = 50) -> list[CaughtMail]:
    """Newest first; `q` is looked for in recipient, sender and subject; `before_id` pages."""
    sql = "SELECT id, at, mail_from, rcpt_to, subject, size_bytes FROM mail WHERE id < ?"
    values: list[object] = [before_id if before_id is not None else 1 << 62]
    if q:
        sql += " AND instr(lower(rcpt_to || ' ' || subject || ' ' || mail_from), lower(?))"
        values.append(q)
    with closing(_open(path)) as connection:
        return [
            CaughtMail(*row)
            for row in connection.execute(sql + " ORDER BY id DESC LIMIT ?", [*values, limit])
        ]


def count(path: Path) -> int:
    """How many mails are kept."""
    with closing(_open(path)) as connection:
        return connection.execute("SELECT count(*) FROM mail").fetchone()[0]


def get_mail(path: Path, mail_id: int) -> tuple[CaughtMail, bytes] | None:
    """A mail and its bytes as they came, None if there is no such mail."""
    with closing(_open(path)) as connection:
        row = connection.execute(
            "SELECT id, at, mail_from, rcpt_to, subject, size_bytes, raw FROM mail WHERE id = ?", [mail_id]
        ).fetchone()
    return (CaughtMail(*row[:6]), bytes(row[6])) if row else None


def clear(path: Path) -> None:
    """Throw all mails away."""
    with closing(_open(path)) as connection:
        connection.execute("DELETE FROM mail")
        connection.commit()
        connection.execute("VACUUM")


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30)
    connection.execute("PRAGMA journal_mode=wal")
    connection.execute("PRAGMA synchronous=off")  # caught mails are no record
    connection.execute(_SCHEMA)
    return connection


class _Store:
    """Writes mails in groups from a thread of its own, so that the server never waits for the disk."""

    def __init__(self, path: Path) -> None:
        self._queue: queue.SimpleQueue[tuple[object, ...] | None] = queue.SimpleQueue()
        self._path = path
        self._thread = threading.Thread(target=self._run, name="catcher-store", daemon=True)
        self._thread.start()

    def add(self, mail_from: str, rcpt_to: str, raw: bytes) -> None:
        self._queue.put((int(time.time()), mail_from, rcpt_to, subject_of(raw), len(raw), raw))

    def close(self) -> None:
        """Write what is left and stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        with closing(_open(self._path)) as connection:
            going = True
            while going:
                rows = [self._queue.get()]
                while len(rows) < _GROUP and rows[-1] is not None:
                    try:
                        rows.append(self._queue.get_nowait())
                    except queue.Empty:
                        break
                going = rows[-1] is not None
                connection.executemany(
                    "INSERT INTO mail (at, mail_from, rcpt_to, subject, size_bytes, raw) VALUES (?,?,?,?,?,?)",
                    [row for row in rows if row is not None],
                )
                connection.commit()


def subject_of(raw: bytes) -> str:
    """The decoded subject of a mail, however broken it is."""
    head = b"\n" + raw.split(b"\r\n\r\n", 1)[0][:16_384]
    start = head.lower().find(b"\nsubject:")
    if start < 0:
        return ""
    lines = head[start + 9 :].split(b"\n")
    value = lines[0].strip()
    for line in lines[1:]:
        if line[:1] not in (b" ", b"\t"):
            break
        value += b" " + line.strip()
    text = value.decode("utf-8", "replace")
    try:
        return str(make_header(decode_header(text)))
    except (ValueError, LookupError):
        return text


class _Session(asyncio.Protocol):
    """One client; commands may come in any portions."""

    def __init__(self, store: _Store) -> None:
        self._store = store
        self._buffer = bytearray()
        self._in_data = False
        self._scanned = 0
        self._from = ""
        self._to: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_GREETING)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        out: list[bytes] = []
        while self._data(out) if self._in_data else self._command(out):
            pass
        if out and not self._transport.is_closing():
            self._transport.write(b"".join(out))
        if out and out[-1].startswith(b"221"):
            self._transport.close()
        elif len(self._buffer) > (_SIZE_MAX if self._in_data else 65_536):
            self._transport.abort()

    def _data(self, out: list[bytes]) -> bool:
        if self._buffer.startswith(b".\r\n"):
            end, skip = 0, 3
        else:
            end = self._buffer.find(_END, max(0, self._scanned - len(_END)))
            skip = len(_END)
            if end < 0:
                self._scanned = len(self._buffer)
                return False
        body = bytes(self._buffer[: end + 2 if skip == len(_END) else 0])
        del self._buffer[: end + skip]
        self._in_data, self._scanned = False, 0
        if body.startswith(b"."):
            body = body[1:]
        self._store.add(self._from, ", ".join(self._to), body.replace(b"\r\n..", b"\r\n."))
        self._from, self._to = "", []
        out.append(b"250 2.0.0 Ok: caught\r\n")
        return True

    def _command(self, out: list[bytes]) -> bool:
        end = self._buffer.find(b"\n")
        if end < 0:
            return False
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        out.append(self._answer(line))
        return not out[-1].startswith(b"221")

    def _answer(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"MAIL":
            if self._from or self._to:
                return b"503 5.5.1 nested MAIL command\r\n"
            self._from = _address(line) or "<>"
            return b"250 2.1.0 Ok\r\n"
        if verb == b"RCPT":
            if not self._from:
                return b"503 5.5.1 MAIL first\r\n"
            self._to.append(_address(line))
            return b"250 2.1.5 Ok\r\n"
        if verb == b"DATA":
            if not self._to:
                return b"503 5.5.1 no recipients\r\n"
            self._in_data = True
            return b"354 end with a dot\r\n"
        if verb == b"EHLO":
            return _EHLO % _SIZE_MAX
        if verb == b"QUIT":
            return b"221 2.0.0 Bye\r\n"
        if verb in (b"HELO", b"NOOP"):
            return b"250 2.0.0 Ok\r\n"
        if verb == b"RSET":
            self._from, self._to = "", []
            return b"250 2.0.0 Ok\r\n"
        return b"502 5.5.2 no such command\r\n"


def _address(line: bytes) -> str:
    start, end = line.find(b"<"), line.find(b">")
    return line[start + 1 : end].decode("utf-8", "replace") if 0 <= start < end else ""
