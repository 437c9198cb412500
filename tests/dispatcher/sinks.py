"""SMTP servers for tests: in threads of their own, with answers as a test wants them."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

Answer = Callable[[str, bytes], bytes | Iterable[bytes] | None]
EHLO = b"250-sink\r\n250-PIPELINING\r\n250-SIZE 10000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n"


class Sink:
    """Keeps what it accepted: (recipient, message). `answer(verb, line)` may return another reply, also in pieces;
    b"" closes the connection without one."""

    def __init__(
        self,
        answer: Answer = lambda verb, line: None,
        ehlo: bytes = EHLO,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
    ) -> None:
        self.answer = answer
        self.tls = tls
        self.implicit = implicit
        self.secured = 0
        self.ehlo = ehlo
        self.accepted: list[tuple[str, bytes]] = []
        self.connections = 0
        self.lock = threading.Lock()
        self.port = 0

    @contextmanager
    def running(self) -> Iterator["Sink"]:
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True
            wrapped: ssl.SSLSocket | None = None

            def finish(self) -> None:
                super().finish()
                if self.wrapped is not None:
                    self.wrapped.close()

            def handle(self) -> None:
                with sink.lock:
                    sink.connections += 1
                try:
                    if sink.implicit:
                        self.secure()
                    sink.talk(self)
                except (ConnectionError, ValueError, OSError):
                    return

            def secure(self) -> None:
                assert sink.tls is not None
                wrapped = sink.tls.wrap_socket(self.request, server_side=True)
                self.rfile.close()
                self.wfile.close()
                self.rfile, self.wfile = wrapped.makefile("rb"), wrapped.makefile("wb", buffering=0)
                self.wrapped = wrapped
                with sink.lock:
                    sink.secured += 1

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        with Server(("127.0.0.1", self.port), Handler) as server:
            self.port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    def talk(self, handler) -> None:
        lines, out = handler.rfile, handler.wfile

        def reply(verb: str, line: bytes, usual: bytes) -> bool:
            """Whether the client may go on. Raises ConnectionError where the test wants the line cut."""
            said = self.answer(verb, line)
            if said == b"":
                raise ConnectionAbortedError
            if verb == "BODY" and said is None:
                with self.lock:
                    self.accepted.append((recipient, body))
            if isinstance(said, bytes | None):
                out.write(said if said is not None else usual)
                return (said or usual)[:1] in (b"2", b"3")
            first = b""
            for piece in said:
                first = first or piece
                out.write(piece)
            return first[:1] in (b"2", b"3")

        recipient, body, ok = "", None, True
        if not reply("GREETING", b"", b"220 sink\r\n"):
            return
        while line := lines.readline():
            verb = line[:4].decode("ascii", "replace").upper().strip()
            if verb == "EHLO":
                reply(verb, line, self.ehlo)
            elif verb == "STAR" and self.tls is not None:
                if not reply(verb, line, b"220 go\r\n"):
                    continue
                handler.secure()
                lines, out = handler.rfile, handler.wfile
            elif verb == "MAIL":
                ok = reply(verb, line, b"250 2.1.0 Ok\r\n")
            elif verb == "RCPT":
                recipient = line[line.find(b"<") + 1 : line.find(b">")].decode()
                ok = reply(verb, line, b"250 2.1.5 Ok\r\n") and ok
            elif verb == "DATA":
                if not ok:
                    out.write(b"554 5.5.1 no valid recipients\r\n")
                elif reply(verb, line, b"354 go\r\n"):
                    body = self.body(lines)
                    if body is None:
                        return
                    reply("BODY", recipient.encode(), b"250 2.0.0 queued\r\n")
            elif verb == "QUIT":
                out.write(b"221 bye\r\n")
                return
            elif not reply(verb, line, b"250 ok\r\n") and self.answer(verb, line) == b"":
                return

    def body(self, lines) -> bytes | None:
        got = []
        while line := lines.readline():
            if line == b".\r\n":
                return b"".join(got)
            got.append(line[1:] if line.startswith(b".") else line)
        return None


def closed_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
