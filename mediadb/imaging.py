"""Pictures: recognised by their content, turned, stripped and scaled by a process of its own (mediadb.decoder).

A broken or hostile file may kill that process, never the portal; what comes back is read as lengths and bytes.
"""

import io
import json
import warnings
from dataclasses import dataclass

from PIL import Image

from domain.errors import N_, Invalid
from mediadb import child, decoder

HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"heif"))
SHARED_BRANDS = (b"mif1", b"msf1")  # of HEIC and AVIF: the list of compatible brands decides


Made = child.Part  # one size of a picture


@dataclass(frozen=True)
class Picture:
    """The stripped, upright original and its sizes."""

    original: Made
    sizes: tuple[Made, ...]
    credit: str = ""


@dataclass(frozen=True)
class Cut:
    """What of a picture is shown: `crop` is (left, top, width, height) of it, `focus` (x, y) of the crop, both in
    per mille. None: all of it, the middle."""

    crop: tuple[int, int, int, int] | None = None
    focus: tuple[int, int] | None = None


WHOLE = Cut()


def process(data: bytes, cut: Cut = WHOLE) -> Picture:
    """Turn, strip and scale a picture; raises Invalid with a sentence for what cannot be taken."""
    _look(data)
    try:
        original, *sizes, credit = child.run(decoder, data, json.dumps([cut.crop, cut.focus]))
    except child.Failure as failure:
        raise (_too_large() if failure.code == decoder.TOO_LARGE else _unreadable()) from None
    return Picture(original, tuple(sizes), credit.data.decode("utf-8", "replace"))


def _look(data: bytes) -> None:
    """Refuse by the header what must not be decoded at all."""
    if is_heic(data):
        raise Invalid(N_("We cannot take HEIC. Save the picture as JPEG."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=decoder.FORMATS) as opened:
                width, height = opened.size
    except Image.DecompressionBombError:
        raise _too_large() from None
    except Exception:  # Pillow raises many kinds for broken files
        raise Invalid(N_("We cannot read this picture. Take a JPEG, PNG, GIF, WebP or AVIF file.")) from None
    if width * height > decoder.MAX_PIXELS:
        raise _too_large()


def is_heic(data: bytes) -> bool:
    """Whether the file is a HEIC or HEIF picture, as phones make them."""
    if data[4:8] != b"ftyp":
        return False
    if data[8:12] in SHARED_BRANDS:
        size = min(int.from_bytes(data[:4], "big"), 256)
        return b"avif" not in (data[at : at + 4] for at in range(16, size, 4))
    return data[8:12] in HEIC_BRANDS


def _unreadable() -> Invalid:
    return Invalid(
        N_("We cannot read this picture. Open it in a picture program and save it again as JPEG or PNG.")
    )


def _too_large() -> Invalid:
    return Invalid(N_("This picture has more than 40 megapixels. Make it smaller and upload it again."))
