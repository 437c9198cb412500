"""A fast counting SMTP sink on loopback: PIPELINING, no storage. One line per accepted recipient goes to a log.

`python bench/sink.py PORT [LOG] [DELAY_MS] [skim]`; the log is written at once, so that it survives whoever is killed.
The delay holds back every answer, as a round trip of that length would.

It reads a message from its beginning to find its end, as a server must and as the sink did with which the figures to
reach were found: that one and this one need 0.03 ms of processor time for a mail of 39 KB. `skim` looks for the end
from the back, which is right only for clients that wait for every 354, and needs half of it: then smtp-source, which
is as fast as its sink lets it, goes nearly twice as fast, and whoever makes each mail anew cannot follow.
"""

import os
import select
import socket
import sys
import time
from collections import deque

EHLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
END = b"\r\n.\r\n"
BUFFER = bytearray(1 << 18)  # of all connections: what is left of a read is kept apart
VIEW = memoryview(BUFFER)


class Session:
    """What one client has said. `read` answers what its socket holds. `seek` finds the end of a message."""

    seek = BUFFER.find

    def __init__(self, sock):
        self.socket, self.rest, self.in_data, self.recipient = sock, b"", False, b""

    def read(self, accepted):
        """The answer to what has come; None when the client is gone. Accepted recipients go to `accepted`."""
        rest = len(self.rest)
        if rest:
            BUFFER[:rest] = self.rest
        try:
            got = self.socket.recv_into(VIEW[rest:])
        except BlockingIOError:
            return b""
        except OSError:
            return None
        return self.answer(rest + got, accepted) if got else None

    def answer(self, size, accepted):
        start, out = 0, b""
        while True:
            if self.in_data:
                end = self.seek(END, start, size)
                if end < 0:
                    start = max(start, size - 4)
                    break
                start, self.in_data = end + 5, False
                accepted.append(self.recipient)
                out += b"250 2.0.0 queued\r\n"
            else:
                end = BUFFER.find(b"\r\n", start, size)
                if end < 0:
                    break
                out += self.command(bytes(VIEW[start:end]))
                start = end + 2
        self.rest = bytes(VIEW[start:size])
        return out

    def command(self, line):
        verb = line[:4].upper()
        if verb == b"RCPT":
            self.recipient = line[line.find(b"<") + 1 : line.find(b">")] + b"\n"
        elif verb == b"DATA":
            self.in_data = True
            return b"354 go\r\n"
        elif verb == b"EHLO":
            return EHLO
        elif verb == b"QUIT":
            return b"221 bye\r\n"
        return b"250 2.0.0 Ok\r\n"


def serve(server, log, delay_s):
    poll, sessions, late = select.epoll(), {}, deque()
    poll.register(server.fileno(), select.EPOLLIN)
    while True:
        accepted, answers = [], []
        for number, _ in poll.poll(max(0.0, late[0][0] - time.monotonic()) if late else -1):
            if number == server.fileno():
                sock, _ = server.accept()
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sessions[sock.fileno()] = Session(sock)
                poll.register(sock.fileno(), select.EPOLLIN)
                answers.append((sock, b"220 sink\r\n"))
                continue
            session = sessions[number]
            said = session.read(accepted)
            if said is None:
                del sessions[number]
                session.socket.close()
            elif said and delay_s:
                answers.append((session.socket, said))
            elif said:
                answer(session.socket, said)
        if accepted and log >= 0:
            os.write(log, b"".join(accepted))
        if delay_s:
            due = time.monotonic() + delay_s
            late.extend((due, *answer) for answer in answers)
            answers = []
            while late and late[0][0] <= time.monotonic():
                answers.append(late.popleft()[1:])
        for sock, said in answers:
            answer(sock, said)


def answer(sock, said):
    try:
        sock.send(said)
    except OSError:
        return  # closed meanwhile


def main():
    log = (
        os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if sys.argv[2:] and sys.argv[2]
        else -1
    )
    if sys.argv[4:] == ["skim"]:
        Session.seek = BUFFER.rfind
    with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=512) as server:
        serve(server, log, float(sys.argv[3] or 0) / 1000 if len(sys.argv) > 3 else 0.0)


if __name__ == "__main__":
    main()
