"""Pictures as phones, cameras and attackers make them."""

import io
import struct
import zlib

from PIL import Image


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def plain(width: int = 320, height: int = 200, colour: str = "teal", kind: str = "PNG") -> bytes:
    return encoded(Image.new("RGB", (width, height), colour), kind)


def from_a_phone(width: int = 4032, height: int = 3024) -> bytes:
    """12 MP held upright: stored lying down with orientation 6, with the place, the device and a comment. Red is
    above, blue below, once it is turned."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Geheimnis-Telefon"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (52.0, 22.0, 30.0), "E", (9.0, 44.0, 10.0)
    return encoded(image, "JPEG", quality=80, exif=exif, comment=b"Geheimnis")


def heic() -> bytes:
    return b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 200


def bomb(side: int = 12_000) -> bytes:
    """A PNG of a few KB that would fill side² pixels."""
    rows = zlib.compressobj(9)
    line = b"\0" * (side // 8 + 1)
    packed = b"".join(rows.compress(line) for _ in range(side)) + rows.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def bombs() -> list[tuple[str, bytes]]:
    """Thirty files that want more memory or time than they are worth: (name, content)."""
    found = [(f"seite-{side}.png", bomb(side)) for side in (6_400, 8_000, 10_000, 12_000, 16_000)]
    found += [
        (f"kopf-{w}x{h}.png", _headed(w, h)) for w, h in ((65_535, 65_535), (2**31 - 1, 1), (1, 2**31 - 1))
    ]
    found += [
        (f"kopf-{n}.gif", b"GIF89a" + struct.pack("<HH", n, n) + b"\xf0\0\0" + b"\0" * 40)
        for n in (6_500, 30_000, 65_535)
    ]
    found += [(f"kopf-{n}.jpg", _jpeg_headed(n)) for n in (6_500, 20_000, 65_500)]
    found += [(f"kopf-{n}.webp", _webp_headed(n)) for n in (6_500, 12_000, 16_383)]
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 9))
    found.append(("lacht.svg", f'<!DOCTYPE svg [<!ENTITY l0 "ha">{laughs}]><svg>&l8;</svg>'.encode()))
    found.append(
        ("entity.svg", b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg><text>&x;</text></svg>')
    )
    found.append(("tief.svg", b"<svg>" + b"<g>" * 5_000 + b"</g>" * 5_000 + b"</svg>"))
    found.append(("breit.svg", b"<svg>" + b"<rect/>" * 30_000 + b"</svg>"))
    found.append(("oft.svg", b"<svg>" + b'<use href="#a"/>' * 600 + b"</svg>"))
    found += [(f"abgeschnitten-{n}.jpg", plain(64, 64, kind="JPEG")[:n]) for n in (2, 20, 100)]
    found += [(f"abgeschnitten-{n}.png", plain(64, 64)[:n]) for n in (8, 33)]
    found += [
        ("leer.webp", b"RIFF\x04\0\0\0WEBP"),
        ("leer.avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif"),
        ("nur.gif", b"GIF89a"),
    ]
    found += [("text.jpg", b"<html>" * 1000), ("null.png", b"\0" * 10_000)]
    return found


def _headed(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + _chunk(b"IEND", b"")
    )


def _jpeg_headed(side: int) -> bytes:
    """A JPEG whose header says more than its data hold."""
    data = bytearray(plain(64, 64, kind="JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", side, side)
    return bytes(data)


def _webp_headed(side: int) -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + struct.pack("<I", side - 1)[:3] * 2
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def pdf(words: str = "Hallo") -> bytes:
    """The smallest PDF with one page that says something."""
    text = f"BT /F1 24 Tf 20 100 Td ({words}) Tj ET".encode()
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 280]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text), b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]  # fmt: skip
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
