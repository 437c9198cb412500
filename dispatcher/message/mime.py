"""The parts of a compiled message that are no text: boundaries, attachments, pictures inside the HTML. Standard library
only."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import quote

from dispatcher.message.personalise import HeaderRefused, guard

_CONTENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}(@[A-Za-z0-9.-]{1,64})?\Z").match
_MIME_TYPE = re.compile(r"[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+\Z").match


def boundary(seed: bytes, number: int) -> bytes:
    """The same for the same seed, so that a retry has the same bytes."""
    return b"=_" + hashlib.blake2b(seed, digest_size=12, salt=b"%d" % number).hexdigest().encode()


def multipart(kind: bytes, boundary: bytes, root: bytes = b"") -> bytes:
    """The header of a multipart; `root` is the type of its first part, which RFC 2387 wants to be named."""
    named = b' type="' + root + b'";\r\n' if root else b""
    return b"Content-Type: multipart/" + kind + b";" + named + b' boundary="' + boundary + b'"\r\n\r\n'


def inline(content_id: str, filename: str, mime_type: str, content: bytes) -> bytes:
    """A picture that the HTML shows by its content id. Raises HeaderRefused."""
    if not _CONTENT_ID(content_id):
        raise HeaderRefused("inline: letters, digits, dots, hyphens and one @ only")
    return b"Content-ID: <" + content_id.encode() + b">\r\n" + file(b"inline", filename, mime_type, content)


def file(disposal: bytes, filename: str, mime_type: str, content: bytes) -> bytes:
    """A part with RFC 2231 name and base64 body. Raises HeaderRefused."""
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
    head = b"Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: %s;\r\n "
    written = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return head % (mime_type.encode(), disposal) + disposition + b"\r\n\r\n" + written
