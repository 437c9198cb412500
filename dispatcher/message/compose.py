"""The message compiler: a mailing becomes byte segments with splice points once, a mail is one join.

Standard library only. Every splice in a body stands between quoted-printable soft breaks, so a value
can be encoded alone; nothing 8-bit, no bare CR or LF, no line that begins with a dot leaves this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from dispatcher.message import mime, placeholders
from dispatcher.message.compiled import Compiled
from dispatcher.message.personalise import (
    HeaderRefused,
    RecipientRefused,
    ascii_domain,
    guard,
    header_text,
    header_value,
    mailbox,
    quoted_printable,
    text_value,
    wire_address,
    without_runs,
)
from dispatcher.message.placeholders import Slot

__all__ = ["HeaderRefused", "MessageSource", "RecipientRefused", "compile_message"]

ONE_CLICK_PATH = "/u/{{token}}"  # RFC 8058: POST acts, GET shows
_RESERVED = {
    "from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type", "return-path",
    "content-transfer-encoding", "list-id", "list-unsubscribe", "list-unsubscribe-post", "list-help",
    "list-owner", "feedback-id", "sender", "cc", "bcc", "dkim-signature", "received",
}  # fmt: skip
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}\Z").match
_URL = re.compile(r"https?://[!-;=?-~]+\Z").match


@dataclass(frozen=True)
class MessageSource:
    """A rendered issue with everything its mails have in common.

    `html` and `plain` hold `[Name|fallback]` and `{{token}}`; attachments are (filename, mime type, bytes), pictures
    that `html` shows as `cid:<content id>` are (content id, filename, mime type, bytes).
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
    inline: tuple[tuple[str, str, str, bytes], ...] = ()


def compile_message(source: MessageSource, *, date: datetime, boundary_seed: bytes) -> Compiled:
    """Compile a rendered issue. `date` is aware; the same `boundary_seed` gives the same boundaries.

    Raises HeaderRefused, naming the field, for a header value that could break out of its line.
    """
    build = _Build(source)
    build.headers(format_datetime(date))
    mixed, alternative, related = (mime.boundary(boundary_seed, number) for number in (1, 0, 2))
    if source.attachments:
        build.raw(mime.multipart(b"mixed", mixed) + b"--" + mixed + b"\r\n")
    build.raw(mime.multipart(b"alternative", alternative) + b"--" + alternative + b"\r\n")
    build.text(b"plain", source.plain)
    build.raw(b"--" + alternative + b"\r\n")
    if source.inline:
        build.raw(mime.multipart(b"related", related, b"text/html") + b"--" + related + b"\r\n")
    build.text(b"html", source.html)
    for picture in source.inline:
        build.raw(b"--" + related + b"\r\n" + mime.inline(*picture))
    if source.inline:
        build.raw(b"--" + related + b"--\r\n")
    build.raw(b"--" + alternative + b"--\r\n")
    for attachment in source.attachments:
        build.raw(b"\r\n--" + mixed + b"\r\n" + mime.file(b"attachment", *attachment))
    if source.attachments:
        build.raw(b"--" + mixed + b"--\r\n")
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

    def text(self, subtype: bytes, text: str) -> None:
        """A text part with its placeholders."""
        self.raw(b"Content-Type: text/" + subtype + b"; charset=utf-8\r\n")
        self.raw(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n")
        self.body(placeholders.parse(text, html_source=subtype == b"html"))
        self.raw(b"\r\n")

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
