"""Pictures: recognised by their content, turned, stripped and scaled by a process of its own (mediadb.decoder).

A broken or hostile file may kill that process, never the portal; what comes back is read as lengths and bytes.
"""

import io
import json
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore

from PIL import Image

from domain.errors import N_, Invalid
from mediadb import decoder

WAIT_S = 60
AT_ONCE = BoundedSemaphore(2)  # decoders per process: many uploads wait instead of filling the memory
HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"heif"))
SHARED_BRANDS = (b"mif1", b"msf1")  # of HEIC and AVIF: the list of compatible brands decides


@dataclass(frozen=True)
class Made:
    """One size of a picture."""

    name: str
    mime: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True)
class Picture:
    """The stripped, upright original and its sizes."""

    original: Made
    sizes: tuple[Made, ...]


def process(data: bytes) -> Picture:
    """Turn, strip and scale a picture; raises Invalid with a sentence for what cannot be taken."""
    _look(data)
    with AT_ONCE:
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(Path(decoder.__file__))],
                input=data, capture_output=True, timeout=WAIT_S, env={}, cwd="/", check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise _unreadable() from None
    if done.returncode == decoder.TOO_LARGE:
        raise _too_large()
    if done.returncode:
        raise _unreadable()
    original, *sizes = _read(done.stdout)
    return Picture(original, tuple(sizes))


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


def _read(answer: bytes) -> list[Made]:
    line, _newline, rest = answer.partition(b"\n")
    made: list[Made] = []
    for name, mime, width, height, size in json.loads(line):
        made.append(Made(str(name), str(mime), int(width), int(height), rest[:size]))
        rest = rest[size:]
    return made


def _unreadable() -> Invalid:
    return Invalid(
        N_("We cannot read this picture. Open it in a picture program and save it again as JPEG or PNG.")
    )


def _too_large() -> Invalid:
    return Invalid(N_("This picture has more than 40 megapixels. Make it smaller and upload it again."))
