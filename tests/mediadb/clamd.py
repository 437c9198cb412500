"""A tiny clamd on loopback: speaks zINSTREAM, finds the EICAR-like word, keeps what it was sent."""

import socket
import struct
import threading

MARK = b"RUNDBRIEF-TEST-VIRUS"


class Clamd:
    """`limit`: like StreamMaxLength; `reply`: what it answers instead of looking."""

    def __init__(self, limit: int = 10**9, reply: bytes | None = None) -> None:
        self._limit, self._reply = limit, reply
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._door.getsockname()[1]}"
        self.seen: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)  # wakes the one that waits in accept
        self._door.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                line, _address = self._door.accept()
            except OSError:
                return
            with line:
                try:
                    self._answer(line)
                except OSError:
                    continue

    def _answer(self, line: socket.socket) -> None:
        file = line.makefile("rb")
        assert file.read(10) == b"zINSTREAM\0"
        data = b""
        while size := struct.unpack(">I", file.read(4))[0]:
            data += file.read(size)
            if len(data) > self._limit:
                line.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.seen.append(data)
        found = b"stream: Rundbrief-Test FOUND\0" if MARK in data else b"stream: OK\0"
        line.sendall(self._reply if self._reply is not None else found)
