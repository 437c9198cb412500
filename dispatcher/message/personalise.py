"""Encoders for the values that differ from recipient to recipient: body, URL, header and address.

Hot: called once per mail and value, so each has a fast path for the plain ASCII case. Standard library only.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from email.header import decode_header
from urllib.parse import quote

SOFT_BREAK = b"=\r\n"
LINE_MAX = 76  # RFC 2045 6.7 (5)

_NAME = 40  # characters; most values are no longer, and few letters of theirs need three octets
_PLAIN_LINE = re.compile(r"(?!From )[ -\-/-<>-~][ -<>-~]{0,74}\Z").match
_BREAKS = re.compile(r"\r\n|\r|\n|\x85|\u2028|\u2029")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_HEADER_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENCODED_WORD = re.compile(r"=\?[^?\s]*\?[bBqQ]\?[^?]*\?=")
_MARKUP = re.compile("[&<>\"']").search
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/^_`{|}~-]+)*\Z").match
_PLAIN_HEADER = re.compile(r"[!-~]{1,60}(?: [!-~]{1,60})*\Z").match
_ASCII_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z"
).match
_ADDRESS = re.compile(
    r"[^\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]\u2028\u2029\ud800-\udfff]{1,64}@([^\x00-\x2c/:-@\[-`{-\xa0]{1,253})\Z"
).match


class RecipientRefused(ValueError):
    """This recipient cannot get a correct mail (an address that is none, for instance); the others can."""


class HeaderRefused(ValueError):
    """A header value of the mailing itself holds control characters, plain or inside an encoded-word."""


def text_value(value: str) -> str:
    """The value as it stands in a body: line breaks as LF, no other control character, no lone surrogate."""
    if value.isprintable():  # neither breaks nor controls nor surrogates are
        return value
    return _CONTROLS.sub(" ", _BREAKS.sub("\n", value))


def quoted_printable(text: str) -> bytes:
    """Quoted-printable form of a piece that stands alone between soft breaks: lines <= 76, the last <= 75.

    Line breaks in `text` are LF or CRLF and come out as CRLF; no line begins with a dot or with "From ".
    """
    if _PLAIN_LINE(text):
        return text.encode()
    if not text:
        return b""
    if len(text) <= _NAME and "\n" not in text:
        encoded = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True)
        if len(encoded) < 70:  # one line, whatever it begins with
            return _guarded_start(encoded)
    raw = text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace")
    encoded = binascii.b2a_qp(raw, istext=True)  # breaks softly with a bare LF where the text has no CRLF
    return _guarded_lines(encoded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def without_runs(encoded: bytes) -> bytes:
    """A quoted-printable piece without two spaces in a row and without tabs: what DKIM's relaxed form would change.

    For the parts that all mails share, at compile time; a value that needs it costs its own mail a little more.
    """
    if b"  " not in encoded and b"\t" not in encoded:
        return encoded
    return _guarded_lines(encoded.replace(b"\t", b"=09").replace(b"  ", b" =20"))


def _guarded_lines(encoded: bytes) -> bytes:
    """Encode what a line must not begin with, and break again what became too long by it."""
    lines = encoded.split(b"\r\n")
    out: list[bytes] = []
    for number, line in enumerate(lines, 1):
        limit = LINE_MAX if number < len(lines) else LINE_MAX - 1  # a soft break follows the last one
        line = _guarded_start(line)
        while len(line) > limit:
            cut = 70
            if line[cut - 1 : cut] == b"=":
                cut -= 1
            elif line[cut - 2 : cut - 1] == b"=":
                cut -= 2
            out.append(line[:cut] + b"=")
            line = _guarded_start(line[cut:])
        out.append(line)
    return b"\r\n".join(out)


def _guarded_start(line: bytes) -> bytes:
    """A leading dot would need stuffing (RFC 5321 4.5.2); mbox stores change a leading "From "."""
    if line.startswith(b"."):
        return b"=2E" + line[1:]
    if line.startswith(b"From "):
        return b"=46" + line[1:]
    return line


def plain_slot(value: str) -> bytes:
    """A value in the text part."""
    return quoted_printable(text_value(value))


def html_slot(value: str) -> bytes:
    """A value in the HTML part: escaped for text and for quoted attributes."""
    text = text_value(value)
    return quoted_printable(html.escape(text) if _MARKUP(text) else text)


def url_slot(value: str) -> bytes:
    """A value inside a link: one percent-encoded component, so that it can never become another target."""
    return quoted_printable(quote(text_value(value), safe="", errors="replace"))


def header_value(value: str) -> str:
    """A recipient's value fit for a header: one line, single spaces, nothing that decodes to a control."""
    if not value.isprintable():
        value = _HEADER_CONTROLS.sub(" ", value)
    value = " ".join(value.split())
    if "=?" in value and hides_control(value):
        value = value.replace("=?", "= ?")
    return value


def hides_control(text: str) -> bool:
    """True if an encoded-word in `text` decodes to a control character (CVE-2024-6923 and its like)."""
    for word in _ENCODED_WORD.findall(text):
        try:
            decoded = decode_header(word)
        except (ValueError, binascii.Error, LookupError):
            return True
        for piece, charset in decoded:
            try:
                shown = piece if isinstance(piece, str) else piece.decode(charset or "ascii", "replace")
            except LookupError:
                return True
            if shown != word and (_HEADER_CONTROLS.search(shown) or "=?" in shown):
                return True
    return False


def guard(text: str, field: str) -> str:
    """`text` unchanged if it may stand in a header of the mailing, else HeaderRefused naming `field`."""
    if _HEADER_CONTROLS.search(text) or ("=?" in text and hides_control(text)):
        raise HeaderRefused(f"{field}: control characters are not allowed")
    return text


def header_text(text: str) -> bytes:
    """Unstructured header text (Subject): as it is, folded at spaces, or as RFC 2047 words."""
    if len(text) <= 60 and _PLAIN_HEADER(text) and "=?" not in text:
        return text.encode()
    if _PLAIN_HEADER(text) and "=?" not in text:
        return _folded(text)
    return encoded_words(text)


def _folded(text: str) -> bytes:
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > 62:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    lines.append(line)
    return "\r\n ".join(lines).encode()


def encoded_words(text: str, octets_max: int = 39) -> bytes:
    """RFC 2047 words of whole characters, `octets_max` (<= 45) before encoding, one to a line.

    39 leaves room for "Subject: " in a line of 76.
    """
    words, current = [], b""
    for char in text:
        octets = char.encode("utf-8", "replace")
        if len(current) + len(octets) > octets_max:
            words.append(current)
            current = b""
        current += octets
    if current:
        words.append(current)
    return b"\r\n ".join(b"=?utf-8?b?" + base64.b64encode(word) + b"?=" for word in words)


def mailbox(name: str, address: bytes) -> bytes:
    """`name <address>` for From, To and Reply-To; the address is in wire form."""
    if not name:
        return address
    if len(name) <= 60 and _ATOMS(name):
        return name.encode() + b" <" + address + b">"
    if len(name) <= 60 and name.isascii() and "=?" not in name:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"').encode()
        return b'"' + quoted + b'"\r\n <' + address + b">"
    # a usual name is one word of 45 octets: some parsers show a space between two words
    octets = name.encode("utf-8", "replace")
    if len(octets) <= 45:
        word = binascii.b2a_base64(octets, newline=False)
        return b"=?utf-8?b?%s?=\r\n <%s>" % (word, address)
    return encoded_words(name, 45) + b"\r\n <" + address + b">"


def wire_address(address: str) -> bytes:
    """The address as it goes over the wire: domain as A-label; UTF-8 only in the local part (SMTPUTF8).

    Raises RecipientRefused for what is no plain dot-atom address: nothing can leave its angle brackets.
    """
    if _ASCII_ADDRESS(address) and ".." not in address and address[0] != ".":
        return address.encode()
    found = _ADDRESS(address)
    if not found:
        raise RecipientRefused("not a mail address")
    local = address[: found.start(1) - 1]
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise RecipientRefused("not a mail address")
    return unicodedata.normalize("NFC", local).encode() + b"@" + ascii_domain(found[1])


def ascii_domain(domain: str) -> bytes:
    """A-label form of a domain. Mapping as UTS 46 without the transitional part: ß stays ß."""
    labels = []
    for label in unicodedata.normalize("NFKC", domain.lower().replace("\u3002", ".")).split("."):
        ascii_label = label.encode() if label.isascii() else b"xn--" + label.encode("punycode")
        if not re.fullmatch(rb"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", ascii_label):
            raise RecipientRefused("not a domain name")
        labels.append(ascii_label)
    return b".".join(labels)
