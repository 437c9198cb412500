"""A TCP door on loopback before another server, which may be moved to a third: what a failover looks like. What comes
back may be held up: what a slow server looks like."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Door:
    """`port` stays; `move(port)` breaks every connection, new ones lead there (0: nowhere). Answers take `delay_s`."""

    def __init__(self, target: int, delay_s: float = 0) -> None:
        self._target = target
        self._delay_s = delay_s
        self._lines: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]

    @contextmanager
    def open(self) -> Iterator["Door"]:
        threading.Thread(target=self._serve, daemon=True).start()
        try:
            yield self
        finally:
            self._door.close()
            self.move(0)

    def move(self, target: int) -> None:
        with self._lock:
            self._target, lines, self._lines = target, self._lines, set()
        for line in lines:
            _end(line)

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            with self._lock:
                target = self._target
            try:
                far = socket.create_connection(("127.0.0.1", target), timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                self._lines |= {near, far}
            for source, sink, delay_s in ((near, far, 0.0), (far, near, self._delay_s)):
                threading.Thread(target=_carry, args=(source, sink, delay_s), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket, delay_s: float) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            time.sleep(delay_s)
            sink.sendall(data)
    _end(source)
    _end(sink)


def _end(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
