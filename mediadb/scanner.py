"""The hook for a virus scanner: a file is sent to clamd over its socket (INSTREAM) before it is kept.

Off while no address is configured. A scanner that does not answer lets nothing in: a file that nobody has looked at
is not better than one that was found bad.
"""

import socket
import struct
from urllib.parse import urlsplit

from domain.errors import N_, Conflict, Invalid

CHUNK = 256 * 1024
WAIT_S = 30
MOST_REPLY = 4096
_address: str = ""


def configure(url: str) -> None:
    """Scan by the clamd at `tcp://host:port` or `unix:///path`; "" switches scanning off."""
    global _address
    _address = url


def is_on() -> bool:
    return bool(_address)


def check(data: bytes) -> None:
    """Raise Invalid for a file in which the scanner finds something, Conflict when it cannot be asked."""
    if not _address:
        return
    try:
        answer = _ask(data)
    except OSError:
        raise _unreachable() from None
    if answer.endswith(" FOUND"):
        found = answer.removesuffix(" FOUND").partition(": ")[2]
        raise Invalid(
            N_("The virus scanner has found something in this file (%(name)s). It was not kept."),
            name=found[:80],
        )
    if not answer.endswith(" OK"):
        raise _unreachable()


def _ask(data: bytes) -> str:
    """clamd's answer, as "stream: OK" or "stream: Name FOUND"."""
    with _connected() as line:
        line.settimeout(WAIT_S)
        line.sendall(b"zINSTREAM\0")
        try:
            for start in range(0, len(data), CHUNK):
                piece = data[start : start + CHUNK]
                line.sendall(struct.pack(">I", len(piece)) + piece)
            line.sendall(struct.pack(">I", 0))
        except OSError:
            pass  # a scanner whose limit is reached answers and closes while we still send
        answer = b""
        while b"\0" not in answer and len(answer) < MOST_REPLY:
            piece = line.recv(1024)
            if not piece:
                break
            answer += piece
    return answer.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _connected() -> socket.socket:
    parts = urlsplit(_address)
    if parts.scheme == "unix":
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(WAIT_S)
            line.connect(parts.path)
        except OSError:
            line.close()
            raise
        return line
    return socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 3310), timeout=WAIT_S)


def _unreachable() -> Conflict:
    return Conflict(
        N_("The virus scanner does not answer, so that we take no files. Try again in some minutes.")
    )
