"""A name server on loopback that knows what a test tells it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """`zone`: {("name", "TXT"): ["…", …]}; a list of strings is one TXT record of several strings. Names in
    `broken` get SERVFAIL; names that have nothing get NXDOMAIN."""

    def __init__(self) -> None:
        self.zone: dict[tuple[str, str], list] = {}
        self.broken: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.address = ""

    def has(self, name: str, kind: str, *values: object) -> None:
        """A name has these records of a kind, and no others."""
        self.zone[name.lower(), kind] = list(values)

    def forget(self, name: str, kind: str) -> None:
        self.zone.pop((name.lower(), kind), None)

    @contextmanager
    def running(self) -> Iterator["NameServer"]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            door.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{door.getsockname()[1]}"
            thread = threading.Thread(target=self._serve, args=(door,))
            thread.start()
            try:
                yield self
            finally:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
                    bell.sendto(b"", door.getsockname())
                thread.join()

    def _serve(self, door: socket.socket) -> None:
        while True:
            data, client = door.recvfrom(4096)
            if not data:
                return
            door.sendto(self._answer(dns.message.from_wire(data)).to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        question = query.question[0]
        name, kind = (
            question.name.to_text(omit_final_dot=True).lower(),
            dns.rdatatype.to_text(question.rdtype),
        )
        self.asked.append((name, kind))
        if name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif (name, kind) in self.zone:
            texts = [_text(kind, value) for value in self.zone[name, kind]]
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *texts))
        elif not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


def _text(kind: str, value: object) -> str:
    if kind != "TXT":
        return str(value)
    strings = value if isinstance(value, list) else [value]
    return " ".join('"' + str(s).replace('"', '\\"') + '"' for s in strings)
