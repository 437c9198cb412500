"""A compiled message: byte segments with splice points, from which each mail is made by filling and joining.

Hot and standard library only. A recipient is (delivery_id, address, display name, values by placeholder name, token).
One token per mail opens all its links. Message-ID and return path are the delivery's id plus a digest of the token:
the same on every attempt, and telling them gives nobody the token.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from functools import cached_property

from dispatcher.message import placeholders
from dispatcher.message.personalise import (
    header_text,
    header_value,
    html_slot,
    mailbox,
    plain_slot,
    url_slot,
    wire_address,
)

Recipient = tuple[int, str, str, Mapping[str, str], str]

_MAGIC = b"RBC1"
_MARK = 20
_ENCODERS: dict[str, Callable[[str], bytes]] = {
    placeholders.PLAIN: plain_slot,
    placeholders.HTML: html_slot,
    placeholders.URL: url_slot,
}


@dataclass(frozen=True)
class Compiled:
    """Segments (static bytes, b"" where a splice goes) and where each kind of splice goes."""

    segments: tuple[bytes, ...]
    tokens: tuple[int, ...]
    slots: tuple[tuple[str, str, bytes, tuple[int, ...]], ...]  # kind, name, encoded fallback, places
    subject: tuple[str | tuple[str, str], ...]  # pieces and (name, fallback); empty: subject is static
    subject_at: int
    to_at: int
    message_id_at: int
    date_at: int
    message_domain: str
    names: frozenset[str]
    parts: tuple[tuple[str, int, int], ...] = ()  # name, and the segments only people with a value for it get

    @property
    def size_bytes(self) -> int:
        """Bytes that all mails of it have in common."""
        return sum(map(len, self.segments))

    @property
    def sender(self) -> str:
        """The address in From, its domain as A-label."""
        value = self.segments[0].removeprefix(b"From: ").rpartition(b"\r\nTo: ")[0]
        return value.rpartition(b"<")[2].rstrip(b">").decode()

    def dated(self, date: datetime) -> Compiled:
        """The same message with another Date: a campaign passes its start, equal on every attempt."""
        segments = list(self.segments)
        segments[self.date_at] = format_datetime(date).encode()
        return replace(self, segments=tuple(segments))

    def render(self, recipient: Recipient) -> bytes:
        """The mail of one recipient, CRLF lines, ready for DATA. Raises RecipientRefused."""
        return b"".join(self.mail(recipient)[2])

    def mail(self, recipient: Recipient) -> tuple[bytes, bytes, list[bytes]]:
        """Envelope sender, envelope recipient and the pieces of the mail, which `render` joins. Raises
        RecipientRefused."""
        delivery_id, address, display_name, values, token = recipient
        wire = wire_address(address)
        parts = list(self.segments)
        parts[self.to_at] = mailbox(header_value(display_name)[:120], wire)
        token_bytes = token.encode("ascii")
        mark = _digest(token_bytes)
        parts[self.message_id_at] = b"%d.%s" % (delivery_id, mark[:_MARK])
        for run, count in self._token_runs:
            parts[run] = (token_bytes,) * count
        if "@date" in values:  # of a mailing that stands for months: the moment of this mail
            parts[self.date_at] = values["@date"].encode()
        for kind, name, fallback, places in self.slots:
            value = values.get(name)
            encoded = _ENCODERS[kind](value) if value and not value.isspace() else fallback
            for place in places:
                parts[place] = encoded
        for name, start, end in self.parts:
            if not values.get(name):
                parts[start:end] = [b""] * (end - start)
        if self.subject:
            parts[self.subject_at] = header_text(self._subject(values))
        sender = b"b+%d-%s@%s" % (delivery_id, mark[_MARK:], self._domain)
        return sender, wire, parts

    @cached_property
    def _token_runs(self) -> list[tuple[slice, int]]:
        """The places of the token as slices, and how many each holds: between two links stands one piece of text,
        as a rule, so that a few slices name them all."""
        runs: list[tuple[slice, int]] = []
        first, step, count = 0, 1, 0
        for place in self.tokens:
            if count == 1:
                step = place - first
            if count and place != first + count * step:
                runs.append((slice(first, first + (count - 1) * step + 1, step), count))
                count = 0
            if not count:
                first, step = place, 1
            count += 1
        return [*runs, (slice(first, first + (count - 1) * step + 1, step), count)] if count else runs

    @cached_property
    def _domain(self) -> bytes:
        return self.message_domain.encode("ascii")

    def _subject(self, values: Mapping[str, str]) -> str:
        out = []
        for piece in self.subject:
            if isinstance(piece, str):
                out.append(piece)
            else:
                out.append(header_value(values.get(piece[0]) or "")[:200] or piece[1])
        return header_value("".join(out))

    def dump(self) -> bytes:
        """The compiled message as bytes that `load` reads back on any machine."""
        head = {
            "sizes": [len(s) for s in self.segments],
            "tokens": self.tokens,
            "slots": [(k, n, f.decode("ascii"), p) for k, n, f, p in self.slots],
            "subject": self.subject,
            "at": (self.subject_at, self.to_at, self.message_id_at, self.date_at),
            "domain": self.message_domain,
            "names": sorted(self.names),
            "parts": self.parts,
        }
        packed = json.dumps(head, ensure_ascii=True, separators=(",", ":")).encode()
        return b"".join((_MAGIC, len(packed).to_bytes(4, "big"), packed, *self.segments))

    @classmethod
    def load(cls, data: bytes | memoryview) -> Compiled:
        """The message that `dump` wrote; ValueError for anything else."""
        data = bytes(data)
        if data[:4] != _MAGIC:
            raise ValueError("not a compiled message")
        start = 8 + int.from_bytes(data[4:8], "big")
        head = json.loads(data[8:start])
        segments = []
        for size in head["sizes"]:
            segments.append(data[start : start + size])
            start += size
        if start != len(data):
            raise ValueError("compiled message is cut off")
        subject_at, to_at, message_id_at, date_at = head["at"]
        return cls(
            tuple(segments),
            tuple(head["tokens"]),
            tuple((k, n, f.encode("ascii"), tuple(p)) for k, n, f, p in head["slots"]),
            tuple(p if isinstance(p, str) else (p[0], p[1]) for p in head["subject"]),
            subject_at,
            to_at,
            message_id_at,
            date_at,
            head["domain"],
            frozenset(head["names"]),
            tuple((name, first, last) for name, first, last in head.get("parts", ())),
        )


def read_return_path(local_part: str, sign: Callable[[int], str]) -> int:
    """The delivery id of a return path's local part (VERP: b+<id>-<mark>, lower case as some servers make it);
    ValueError if it is not ours."""
    found = re.fullmatch(r"b\+(\d{1,18})-([0-9a-f]{20})", local_part.lower())
    if not found or _digest(sign(int(found[1])).encode("ascii"))[_MARK:].decode() != found[2]:
        raise ValueError("not a return path of ours")
    return int(found[1])


def read_message_id(left: str, sign: Callable[[int], str]) -> int:
    """The delivery id of the left part of a Message-ID (<id>.<mark>); ValueError if it is not ours."""
    found = re.fullmatch(r"(\d{1,18})\.([0-9a-f]{20})", left.lower())
    if not found or _digest(sign(int(found[1])).encode("ascii"))[:_MARK].decode() != found[2]:
        raise ValueError("not a Message-ID of ours")
    return int(found[1])


def _digest(token: bytes) -> bytes:
    """40 hex digits: one half marks the Message-ID, the other the return path; neither tells the token."""
    return hashlib.blake2b(token, digest_size=_MARK, person=b"mail marks").hexdigest().encode()
