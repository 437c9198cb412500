"""Follow a link as a reader's program would, without ever reaching into a private network.

Each address is resolved here and connected to by the number that was looked at, so that a name cannot lead elsewhere
between the look and the connection; every redirect is looked at anew.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from dispatcher.transport.resolving import NotPublic, addresses
from domain.issues.models import LinkState as S

TIMEOUT_S = 6.0
TOTAL_S = 12.0  # for one link with all its redirects
HOPS = 5
PORTS = {"http": 80, "https": 443}
AGENT = "Mozilla/5.0 (compatible; Rundbrief link check)"
_REDIRECTS = (301, 302, 303, 307, 308)
_HEAD_REFUSED = (
    400,
    403,
    404,
    405,
    406,
    429,
    500,
    501,
    503,
)  # many servers answer HEAD wrongly: ask again by GET
_HUMANS_ONLY = (401, 403, 405, 406, 429, 999)  # walls against programs: a reader's browser gets through


@dataclass(frozen=True)
class Found:
    """`status`: the server's answer, 0 for none."""

    state: S
    status: int = 0


def follow(url: str, public_only: bool = True) -> Found:
    """What a reader would find. Never raises."""
    until = time.monotonic() + TOTAL_S
    try:
        for _ in range(HOPS + 1):
            status, target = _ask(url, public_only, until)
            if status not in _REDIRECTS or not target:
                return _meaning(status)
            url = urljoin(url, target)
    except NotPublic:
        return Found(S.PRIVATE)
    except socket.gaierror:
        return Found(S.UNKNOWN)
    except (OSError, http.client.HTTPException, ValueError):
        return Found(S.SILENT)
    return Found(S.FAILED, status)


def _meaning(status: int) -> Found:
    if status in (404, 410):
        return Found(S.GONE, status)
    if status < 400 or status in _HUMANS_ONLY:
        return Found(S.FINE, status)
    return Found(S.FAILED, status)


def _ask(url: str, public_only: bool, until: float) -> tuple[int, str]:
    """(status, where it redirects to or "") by HEAD, then by GET where servers refuse that."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("not a web address")
    port = parts.port or PORTS[parts.scheme]
    host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
    found = addresses(host, port, public_only)
    if not found:
        raise socket.gaierror("no address")
    status, target = _request("HEAD", parts, host, port, found[0][1][0], until)
    if status in _HEAD_REFUSED:
        status, target = _request("GET", parts, host, port, found[0][1][0], until)
    return status, target


def _request(
    verb: str, parts: SplitResult, host: str, port: int, address: str, until: float
) -> tuple[int, str]:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    connection = http.client.HTTPConnection(host, port)
    connection.sock = socket.create_connection((address, port), timeout=min(TIMEOUT_S, left))
    # a server that drips a byte now and then keeps within every single timeout: the whole has an end, too
    watch = threading.Timer(left, _cut, [connection])
    watch.daemon = True
    watch.start()
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(
                connection.sock, server_hostname=host, do_handshake_on_connect=False
            )
            connection.sock.do_handshake()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.putrequest(verb, _quoted(path), skip_accept_encoding=True)
        connection.putheader("User-Agent", AGENT)
        connection.putheader("Accept", "*/*")
        connection.endheaders()
        answer = connection.getresponse()  # the body is never read
        return answer.status, answer.getheader("Location") or ""
    finally:
        watch.cancel()
        connection.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _quoted(path: str) -> str:
    """As a browser writes it: what is no ASCII or a space, percent-encoded."""
    return "".join(c if "!" <= c <= "~" else "".join(f"%{b:02X}" for b in c.encode()) for c in path)
