"""TLS over bytes: the loop's sockets stay plain, this layer turns one stream into the other."""

from __future__ import annotations

import functools
import ssl


@functools.cache
def context(verify: bool) -> ssl.SSLContext:
    """Client settings. Without `verify` the line is encrypted but the server not proved, as relays mostly do."""
    made = ssl.create_default_context()
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


class Tls:
    """One side of a TLS connection without a socket."""

    def __init__(self, settings: ssl.SSLContext, host: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = settings.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.established = False

    def receive(self, data: bytes) -> bytes:
        """The plain bytes in `data` (empty during the handshake). Raises ssl.SSLError or EOFError."""
        self._incoming.write(data)
        if not self.established and not self.handshake():
            return b""
        plain = []
        try:
            while piece := self._tls.read(65_536):
                plain.append(piece)
        except ssl.SSLWantReadError:
            return b"".join(plain)
        raise EOFError

    def handshake(self) -> bool:
        """Go on with the handshake; True once it stands. What it has to say is in `pending`."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.established = True
        return True

    def facts(self) -> tuple[str, str, int]:
        """(version, cipher, epoch second until which the certificate is valid, 0 if it was not proved)."""
        certificate = self._tls.getpeercert() or {}
        until = certificate.get("notAfter", "")
        cipher = self._tls.cipher()
        return (
            self._tls.version() or "",
            cipher[0] if cipher else "",
            int(ssl.cert_time_to_seconds(until)) if isinstance(until, str) and until else 0,
        )

    def encrypt(self, plain: bytes) -> bytes:
        """`plain` (may be empty) and what the layer itself has to say, as bytes for the socket."""
        if plain:
            self._tls.write(plain)
        return self._outgoing.read()
