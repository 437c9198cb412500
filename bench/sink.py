"""A fast counting SMTP sink on loopback: PIPELINING, no storage. One line per accepted recipient goes to a log.

`python bench/sink.py PORT [LOG]`; the log is written at once, so that it survives whoever is killed.
"""

import asyncio
import os
import sys

EHLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
END = b"\r\n.\r\n"


class Session(asyncio.Protocol):
    log = -1

    def connection_made(self, transport):
        self.transport, self.buffer, self.in_data, self.recipient = transport, b"", False, b""
        transport.write(b"220 sink\r\n")

    def data_received(self, data):
        buffer, start, out, accepted = (self.buffer + data if self.buffer else data), 0, [], []
        while True:
            if self.in_data:
                end = buffer.find(END, start)
                if end < 0:
                    start = max(start, len(buffer) - 4)
                    break
                start, self.in_data = end + 5, False
                accepted.append(self.recipient + b"\n")
                out.append(b"250 2.0.0 queued\r\n")
                continue
            end = buffer.find(b"\r\n", start)
            if end < 0:
                break
            line, start = buffer[start:end], end + 2
            out.append(self.command(line))
        self.buffer = buffer[start:]
        if accepted and self.log >= 0:
            os.write(self.log, b"".join(accepted))
        self.transport.write(b"".join(out))

    def command(self, line):
        verb = line[:4].upper()
        if verb == b"RCPT":
            self.recipient = line[line.find(b"<") + 1 : line.find(b">")]
        elif verb == b"DATA":
            self.in_data = True
            return b"354 go\r\n"
        elif verb == b"EHLO":
            return EHLO
        elif verb == b"QUIT":
            return b"221 bye\r\n"
        return b"250 2.0.0 Ok\r\n"


async def main():
    if len(sys.argv) > 2:
        Session.log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    server = await asyncio.get_running_loop().create_server(
        Session, "127.0.0.1", int(sys.argv[1]), backlog=512
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(main())
    except ImportError:
        asyncio.run(main())
