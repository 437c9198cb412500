"""The message compiler: a mailing becomes byte segments with splice points once, a mail is one join.

Hot and standard library only. Every splice in a body stands between quoted-printable soft breaks, so a value
can be encoded alone; nothing 8-bit, no bare CR or LF, no line that begins with a dot leaves this module.

A recipient is (delivery_id, address, display name, values by placeholder name, token). One token per mail
opens all its links. Message-ID and return path are the delivery's id plus a digest of the token: the same on
every attempt, and telling them gives nobody the token.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from functools import cached_property
from urllib.parse import quote

from dispatcher import placeholders
from dispatcher.personalise import (
    HeaderRefused,
    RecipientRefused,
    ascii_domain,
    guard,
    header_text,
    header_value,
    html_slot,
    mailbox,
    plain_slot,
    quoted_printable,
    text_value,
    url_slot,
    wire_address,
    without_runs,
)
from dispatcher.placeholders import Slot

__all__ = ["Compiled", "HeaderRefused", "MessageSource", "Recipient", "RecipientRefused", "compile_message"]

Recipient = tuple[int, str, str, Mapping[str, str], str]

ONE_CLICK_PATH = "/u/{{token}}"  # RFC 8058: POST acts, GET shows
_MAGIC = b"RBC1"
_MARK = 20
_RESERVED = {
    "from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type", "return-path",
    "content-transfer-encoding", "list-id", "list-unsubscribe", "list-unsubscribe-post", "list-help",
    "list-owner", "feedback-id", "sender", "cc", "bcc", "dkim-signature", "received",
}  # fmt: skip
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}\Z").match
_URL = re.compile(r"https?://[!-;=?-~]+\Z").match
_MIME_TYPE = re.compile(r"[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+\Z").match
_ENCODERS: dict[str, Callable[[str], bytes]] = {
    placeholders.PLAIN: plain_slot,
    placeholders.HTML: html_slot,
    placeholders.URL: url_slot,
}


@dataclass(frozen=True)
class MessageSource:
    """A rendered issue with everything its mails have in common.

    `html` and `plain` hold `[Name|fallback]` and `{{token}}`; attachments are (filename, mime type, bytes).
    """

    sender_name: str
    sender_address: str
    subject: str
    html: str
    plain: str
    list_id: str  # "weekly.example.org", without angle brackets
    base_url: str
    message_domain: str
    reply_to: str | None = None
    unsubscribe_mailto: str | None = None  # address or address?subject=…; may hold {{token}}
    one_click_url: str | None = None  # default: base_url + ONE_CLICK_PATH
    feedback_id: str | None = None  # three parts and the sender's, the same for all recipients
    list_help: str | None = None  # URL or mailto:
    list_owner: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[tuple[str, str, bytes], ...] = ()


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


def _digest(token: bytes) -> bytes:
    """40 hex digits: one half marks the Message-ID, the other the return path; neither tells the token."""
    return hashlib.blake2b(token, digest_size=_MARK, person=b"mail marks").hexdigest().encode()


def compile_message(source: MessageSource, *, date: datetime, boundary_seed: bytes) -> Compiled:
    """Compile a rendered issue. `date` is aware; the same `boundary_seed` gives the same boundaries.

    Raises HeaderRefused, naming the field, for a header value that could break out of its line.
    """
    build = _Build(source)
    build.headers(format_datetime(date))
    boundary = [
        b"=_" + hashlib.blake2b(boundary_seed, digest_size=12, salt=b"%d" % i).hexdigest().encode()
        for i in (0, 1)
    ]
    alternative = b'Content-Type: multipart/alternative; boundary="' + boundary[0] + b'"\r\n\r\n'
    if source.attachments:
        build.raw(
            b'Content-Type: multipart/mixed; boundary="'
            + boundary[1]
            + b'"\r\n\r\n--'
            + boundary[1]
            + b"\r\n"
        )
    build.raw(alternative)
    for subtype, text in ((b"plain", source.plain), (b"html", source.html)):
        build.raw(b"--" + boundary[0] + b"\r\nContent-Type: text/" + subtype + b"; charset=utf-8\r\n")
        build.raw(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n")
        build.body(placeholders.parse(text, html_source=subtype == b"html"))
        build.raw(b"\r\n")
    build.raw(b"--" + boundary[0] + b"--\r\n")
    for filename, mime_type, content in source.attachments:
        build.raw(b"\r\n--" + boundary[1] + b"\r\n" + _attachment(filename, mime_type, content))
    if source.attachments:
        build.raw(b"--" + boundary[1] + b"--\r\n")
    return build.finish()


class _Build:
    """Collects segments while a message is compiled."""

    def __init__(self, source: MessageSource) -> None:
        self.source = source
        self.segments: list[bytes] = []
        self.dynamic: set[int] = set()
        self.tokens: list[int] = []
        self.slots: dict[tuple[str, str, bytes], list[int]] = {}
        self.subject: list[str | tuple[str, str]] = []
        self.at: dict[str, int] = {}
        self.parts: list[tuple[str, int, int]] = []

    def raw(self, data: bytes) -> None:
        if self.segments and len(self.segments) - 1 not in self.dynamic:
            self.segments[-1] += data
        else:
            self.segments.append(data)

    def splice(self, initial: bytes = b"") -> int:
        self.dynamic.add(len(self.segments))
        self.segments.append(initial)
        return len(self.segments) - 1

    def headers(self, date: str) -> None:
        source = self.source
        sender = _wire(source.sender_address, "sender_address")
        self.raw(b"From: " + mailbox(guard(source.sender_name, "sender_name").strip(), sender) + b"\r\nTo: ")
        self.at["to"] = self.splice()
        self.raw(b"\r\n")
        if source.reply_to:
            self.raw(b"Reply-To: " + _wire(source.reply_to, "reply_to") + b"\r\n")
        self.raw(b"Subject: ")
        self.compile_subject()
        self.raw(b"\r\nDate: ")
        self.at["date"] = self.splice(date.encode())
        self.raw(b"\r\nMessage-ID: <")
        self.at["message_id"] = self.splice()
        self.raw(b"@" + ascii_domain(source.message_domain) + b">\r\nMIME-Version: 1.0\r\n")
        self.list_headers()
        for name, value in source.headers:
            if not _FIELD_NAME(name) or name.lower() in _RESERVED:
                raise HeaderRefused(f"{name!r}: not a header that may be set")
            self.raw(name.encode() + b": " + header_text(guard(value, name)) + b"\r\n")

    def compile_subject(self) -> None:
        pieces = placeholders.parse(guard(self.source.subject, "subject"))
        self.subject = [
            p if isinstance(p, str) else (p.name, p.fallback) for p in pieces if p != Slot(placeholders.TOKEN)
        ]
        static = all(isinstance(p, str) for p in self.subject)
        text = header_value("".join(p if isinstance(p, str) else p[1] for p in self.subject))
        self.at["subject"] = self.splice(header_text(text))
        if static:
            self.subject = []

    def list_headers(self) -> None:
        source = self.source
        list_id = guard(source.list_id, "list_id")
        if not re.fullmatch(r"[A-Za-z0-9._-]+", list_id):
            raise HeaderRefused("list_id: letters, digits, dots and hyphens only")
        self.raw(b"List-Id: <" + list_id.encode() + b">\r\n")
        self.raw(b"List-Unsubscribe: <")
        self.url(source.one_click_url or source.base_url.rstrip("/") + ONE_CLICK_PATH, "one_click_url")
        if source.unsubscribe_mailto:
            self.raw(b">,\r\n <")
            self.url("mailto:" + source.unsubscribe_mailto.removeprefix("mailto:"), "unsubscribe_mailto")
        self.raw(b">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")
        for name, value in ((b"List-Help", source.list_help), (b"List-Owner", source.list_owner)):
            if value:
                self.raw(name + b": <")
                self.url(value, name.decode())
                self.raw(b">\r\n")
        feedback = (
            source.feedback_id or f"{list_id.split('.')[0]}:{source.message_domain}:newsletter:rundbrief"
        )
        self.raw(b"Feedback-ID: " + header_text(guard(feedback, "feedback_id")) + b"\r\n")

    def url(self, text: str, field: str) -> None:
        """A URL in a header: never folded or encoded, so it must be plain ASCII; {{token}} is spliced."""
        pieces = guard(text, field).split("{{token}}")
        shown = "token".join(pieces)
        if not (_URL(shown) or re.fullmatch(r"mailto:[!-;=?-~]+@[!-;=?-~]+", shown)) or len(shown) > 700:
            raise HeaderRefused(f"{field}: not a URL that fits a header")
        for number, piece in enumerate(pieces):
            if number:
                self.tokens.append(self.splice())
            self.raw(piece.encode())

    def body(self, pieces: list[str | Slot]) -> None:
        opened: tuple[str, int] | None = None
        for piece in pieces:
            if isinstance(piece, str):
                self.raw(without_runs(quoted_printable(text_value(piece))))
                continue
            if not self.at_line_start():
                self.raw(b"=\r\n")
            place = self.splice()
            if piece.kind == placeholders.IF:  # parts do not stand inside of parts
                opened = opened or (piece.name, place + 1)
                continue
            if piece.kind == placeholders.END:
                if opened:
                    self.parts.append((*opened, place))
                opened = None
                continue
            if piece.kind == placeholders.TOKEN:
                self.tokens.append(place)
            else:
                key = (piece.kind, piece.name, without_runs(quoted_printable(text_value(piece.fallback))))
                self.slots.setdefault(key, []).append(place)
            self.raw(b"=\r\n")

    def at_line_start(self) -> bool:
        last = len(self.segments) - 1
        return last not in self.dynamic and self.segments[last].endswith(b"\r\n")

    def finish(self) -> Compiled:
        slots = tuple((kind, name, fallback, tuple(p)) for (kind, name, fallback), p in self.slots.items())
        named = {name for name, _, _ in self.parts}
        names = (
            named | {name for _, name, _, _ in slots} | {p[0] for p in self.subject if not isinstance(p, str)}
        )
        return Compiled(
            tuple(self.segments),
            tuple(self.tokens),
            slots,
            tuple(self.subject),
            self.at["subject"],
            self.at["to"],
            self.at["message_id"],
            self.at["date"],
            ascii_domain(self.source.message_domain).decode(),
            frozenset(names),
            tuple(self.parts),
        )


def _wire(address: str, field: str) -> bytes:
    try:
        return wire_address(guard(address.strip(), field))
    except RecipientRefused as error:
        raise HeaderRefused(f"{field}: {error}") from error


def _attachment(filename: str, mime_type: str, content: bytes) -> bytes:
    """An attachment part with RFC 2231 name and base64 body."""
    if not _MIME_TYPE(mime_type):
        raise HeaderRefused("attachment: not a MIME type")
    name = guard(filename, "attachment").replace("/", "_").replace("\\", "_").strip() or "file"
    if re.fullmatch(r"[A-Za-z0-9._ -]{1,50}", name):
        disposition = b'filename="' + name.encode() + b'"'
    else:
        encoded = quote(name, safe="", errors="replace")
        chunks = re.findall(r"(?:%..|[^%]){1,15}", encoded)
        disposition = b";\r\n ".join(
            b"filename*%d*=%s%s" % (i, b"" if i else b"utf-8''", chunk.encode())
            for i, chunk in enumerate(chunks)
        )
    head = (
        b"Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n "
        % mime_type.encode()
    )
    return head + disposition + b"\r\n\r\n" + base64.encodebytes(content).replace(b"\n", b"\r\n")
