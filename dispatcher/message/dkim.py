"""DKIM (RFC 6376, RFC 8463): the fields that go in front of a finished mail, relaxed/relaxed.

Hot and standard library only. Our own bodies are made so that relaxed canonicalisation changes nothing (compose
writes no two spaces in a row, no tab and no space at the end of a line): then the body is hashed as it is.
`t` is the mailing's start, both kinds of signature are deterministic: every attempt has the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dispatcher.message.compiled import Compiled, Recipient

SIGNED = (
    b"from", b"to", b"reply-to", b"subject", b"date", b"message-id", b"mime-version", b"content-type",
    b"content-transfer-encoding", b"list-id", b"list-unsubscribe", b"list-unsubscribe-post", b"list-help",
    b"list-owner", b"feedback-id", b"auto-submitted",
)  # fmt: skip
# Named once more than they stand in the mail, so that nobody can add another one (RFC 6376 8.15).
OVER_SIGNED = (b"from", b"to", b"reply-to", b"subject", b"date", b"content-type", b"list-unsubscribe")
_FIELD_ENDS = re.compile(rb"\r\n(?![ \t])").split
_SPACES = re.compile(rb"[ \t\r\n]+").sub
_RUNS = re.compile(rb"[ \t]+").sub
_LINE_ENDS = re.compile(rb"[ \t]+(?=\r\n)").sub


@dataclass(frozen=True)
class Key:
    """A loaded key: `algorithm` as in the field's a=, the signing function takes what is to be signed."""

    algorithm: str  # rsa-sha256, ed25519-sha256
    domain: str  # A-label
    selector: str
    sign: Callable[[bytes], bytes]


class Signer:
    """Signs mails of one domain with every active key (at most one of each kind)."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = tuple(keys)

    def fields(self, mail: bytes, at: int, relaxed_already: bool = False) -> bytes:
        """The DKIM-Signature fields of a mail with CRLF lines, each with its CRLF, to be put before it.

        `at` in epoch seconds is t=. `relaxed_already`: the caller knows that canonicalisation leaves the body.
        """
        end = mail.index(b"\r\n\r\n")
        body_hash = _body_hash(mail, end + 4, relaxed_already)
        names, canonical = _headers(mail[:end])
        return b"".join(self._field(key, at, names, canonical, body_hash) for key in self._keys)

    def signed(self, mail: bytes, at: int) -> bytes:
        """The mail with its signatures in front."""
        return self.fields(mail, at) + mail

    def _field(self, key: Key, at: int, names: bytes, canonical: bytes, body_hash: bytes) -> bytes:
        field = b"v=1; a=%s; c=relaxed/relaxed;\r\n d=%s; s=%s; t=%d;\r\n h=%s;\r\n bh=%s;\r\n b=" % (
            key.algorithm.encode(), key.domain.encode(), key.selector.encode(), at, names, body_hash,
        )  # fmt: skip
        said = canonical + b"dkim-signature:" + field.replace(b"\r\n", b"")
        if key.algorithm.startswith("ed25519"):
            said = hashlib.sha256(said).digest()  # RFC 8463 3: the hash is what Ed25519 signs
        signature = base64.b64encode(key.sign(said))
        lines = b"\r\n ".join(signature[i : i + 72] for i in range(0, len(signature), 72))
        return b"DKIM-Signature: " + field + lines + b"\r\n"


class Signed:
    """A compiled message whose mails carry signatures; stands where `Compiled` stands."""

    def __init__(self, compiled: Compiled, signer: Signer, at: int) -> None:
        self._compiled = compiled
        self._signer = signer
        self._at = at
        body = b"".join(compiled.segments).partition(b"\r\n\r\n")[2]
        fallbacks = b"".join(fallback + b"\r\n" for _, _, fallback, _ in compiled.slots) + b"."
        self._static_is_relaxed = is_relaxed(body) and is_relaxed(fallbacks + b"\r\n")

    def render(self, recipient: Recipient) -> bytes:
        """The mail of one recipient with its signatures. Raises RecipientRefused."""
        return b"".join(self.mail(recipient)[2])

    def mail(self, recipient: Recipient) -> tuple[bytes, bytes, list[bytes]]:
        """Envelope sender, envelope recipient and the pieces of the mail. Raises RecipientRefused."""
        sender, wire, pieces = self._compiled.mail(recipient)
        mail = b"".join(pieces)
        values = recipient[3].values()
        relaxed = self._static_is_relaxed and all(v.isprintable() and "  " not in v for v in values)
        return sender, wire, [self._signer.fields(mail, self._at, relaxed), mail]


def is_relaxed(body: bytes) -> bool:
    """Whether relaxed canonicalisation leaves a body with CRLF lines as it is (RFC 6376 3.4.4)."""
    return not (
        b"  " in body
        or b"\t" in body
        or b" \r\n" in body
        or body.endswith(b"\r\n\r\n")
        or not body.endswith(b"\r\n")
        or body == b"\r\n"
    )


def _body_hash(mail: bytes, start: int, relaxed_already: bool) -> bytes:
    if relaxed_already:
        return base64.b64encode(hashlib.sha256(memoryview(mail)[start:]).digest())
    body = mail[start:]
    if not is_relaxed(body):
        body = _RUNS(b" ", _LINE_ENDS(b"", body + b"\r\n")).rstrip(b"\r\n") + b"\r\n"
        if body == b"\r\n":
            body = b""
    return base64.b64encode(hashlib.sha256(body).digest())


def _headers(head: bytes) -> tuple[bytes, bytes]:
    """(h=, canonical fields in that order, each with CRLF) of a header without its empty line."""
    found: dict[bytes, list[bytes]] = {}
    for field in _FIELD_ENDS(head):
        name, _, value = field.partition(b":")
        found.setdefault(name.strip().lower(), []).append(value)
    names, canonical = [], []
    for name in SIGNED:
        for value in reversed(found.get(name, ())):  # a name stands for the last field not yet named
            names.append(name)
            canonical.append(b"%s:%s\r\n" % (name, _SPACES(b" ", value).strip()))
    names += OVER_SIGNED
    lines = (b":".join(names[i : i + 4]) for i in range(0, len(names), 4))
    return b":\r\n ".join(lines), b"".join(canonical)
