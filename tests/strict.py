"""A second reader of mails, strict where Python's is lenient: RFC 5322, 2045, 2046, 2047, 2369, 8058, byte by byte.

It shares no code with the dispatcher and uses nothing of the email package. Anything it does not know is a defect.
"""

import base64
import re
from dataclasses import dataclass

ONCE = (
    "from", "to", "date", "subject", "message-id", "mime-version", "content-type", "list-id", "list-unsubscribe",
    "list-unsubscribe-post",
)  # fmt: skip
_NAME = re.compile(rb"[!-9;-~]+\Z")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_WORD = re.compile(r"=\?(utf-8)\?([qb])\?([!->@-~]*)\?=\Z", re.IGNORECASE)
_PHRASE = rf'(?:{_ATOM}(?:[ ]{_ATOM})*|"(?:[^"\\\r\n]|\\.)*")'
_SYNTAX = {
    "date": r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" \d{4} [0-2]\d:[0-5]\d:[0-6]\d [+-]\d{4}",
    "message-id": rf"<{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*>",
    "mime-version": r"1\.0",
    "from": rf"(?:{_PHRASE} <{_ADDRESS}>|{_ADDRESS})",
    "to": rf"(?:{_PHRASE} <{_ADDRESS}>|{_ADDRESS})",
    "list-unsubscribe": r"<[!-;=?-~]+>(?:, <[!-;=?-~]+>)*",
    "list-unsubscribe-post": r"List-Unsubscribe=One-Click",
    "list-id": rf"(?:{_PHRASE} )?<[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*>",
}
_QUOTED = re.compile(rb"(?:[!-<>-~ \t]|=[0-9A-F]{2})*=?\Z")


class Defect(Exception):
    """What is wrong with a mail."""


@dataclass(frozen=True)
class Strict:
    """Header fields by lower-case name, unfolded and decoded; the text parts by media type, decoded."""

    fields: dict[str, str]
    parts: dict[str, str]


def read(raw: bytes) -> Strict:
    """Read a multipart/alternative of text parts; raises Defect."""
    if re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        raise Defect("a line does not end with CRLF")
    if any(byte > 126 or (byte < 32 and byte not in b"\r\n\t") for byte in raw):
        raise Defect("a byte outside of printable ASCII")
    if max(map(len, raw.split(b"\r\n"))) > 998:
        raise Defect("a line is longer than 998 octets")
    head, body = _split(raw)
    fields = _fields(head)
    for name in ONCE:
        if name not in fields:
            raise Defect(f"no {name}")
    for name, syntax in _SYNTAX.items():
        if not re.fullmatch(syntax, _without_words(fields[name])):
            raise Defect(f"{name}: {fields[name]!r}")
    parts = dict(_text(part) for part in _parts(fields["content-type"], body))
    return Strict({name: _decoded(value) for name, value in fields.items()}, parts)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    head, mark, body = raw.partition(b"\r\n\r\n")
    if not mark:
        raise Defect("no empty line after the header")
    return head, body


def _fields(head: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in re.split(rb"\r\n(?![ \t])", head):
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.match(name):
            raise Defect(f"no header field: {line[:60]!r}")
        if any(not fold.strip() for fold in value.split(b"\r\n")):
            raise Defect(f"a fold of only white space in {name!r}")
        key = name.decode().lower()
        if key in found:
            raise Defect(f"{key} twice")
        found[key] = re.sub(rb"\r\n", b"", value).decode().strip()
    return found


def _without_words(value: str) -> str:
    """Encoded words as plain atoms, so that the syntax around them can be checked; each is checked itself."""
    words = value.split(" ")
    return " ".join("word" if word.startswith("=?") and _word(word) is not None else word for word in words)


def _decoded(value: str) -> str:
    """White space between two encoded words belongs to nobody; any other stays."""
    out: list[str] = []
    after_word = False
    for piece in re.split(r"( +)", value):
        text = _word(piece) if piece.startswith("=?") else None
        if text is not None and after_word:
            out.pop()
        out.append(piece if text is None else text)
        after_word = text is not None or (after_word and not piece.strip())
    return "".join(out)


def _word(word: str) -> str | None:
    if len(word) > 75:
        raise Defect(f"an encoded word longer than 75 characters: {word}")
    found = _WORD.match(word)
    if not found:
        raise Defect(f"no encoded word: {word}")
    coded = found[3].encode()
    if found[2].lower() == "b":
        return base64.b64decode(coded, validate=True).decode("utf-8", "strict")
    return _unquoted(coded.replace(b"_", b"=20")).decode("utf-8", "strict")


def _parts(content_type: str, body: bytes) -> list[bytes]:
    found = re.fullmatch(
        r'multipart/alternative;\s*boundary="([A-Za-z0-9\'()+_,./:=?-]{1,70})"', content_type
    )
    if not found:
        raise Defect(f"content-type: {content_type}")
    mark = b"\r\n--" + found[1].encode()
    before, *parts, after = (b"\r\n" + body).split(mark)
    if before.strip() or not after.startswith(b"--") or after[2:].strip():
        raise Defect("something before the first or after the last boundary")
    if len(parts) != 2 or not all(part.startswith(b"\r\n") for part in parts):
        raise Defect(f"{len(parts)} parts")
    return [part[2:] for part in parts]


def _text(part: bytes) -> tuple[str, str]:
    head, body = _split(part)
    fields = _fields(head)
    found = re.fullmatch(
        r'text/(plain|html);\s*charset="?utf-8"?', fields.get("content-type", ""), re.IGNORECASE
    )
    if not found or fields.get("content-transfer-encoding", "").lower() != "quoted-printable":
        raise Defect(f"a part of {fields}")
    for line in body.split(b"\r\n"):
        if len(line) > 76 or not _QUOTED.match(line) or line[-1:] in (b" ", b"\t"):
            raise Defect(f"no quoted-printable: {line!r}")
    return found[1], _unquoted(body.replace(b"=\r\n", b"")).decode("utf-8", "strict")


def _unquoted(coded: bytes) -> bytes:
    return re.sub(rb"=([0-9A-F]{2})", lambda hit: bytes([int(hit[1], 16)]), coded)
