"""Pictures: looked at by their content, turned, stripped and scaled in a child process with little memory.

A broken or hostile file may kill the child, never the portal.
"""

import io
import multiprocessing
import resource
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from PIL import Image, ImageCms, ImageOps

from domain.errors import N_, Invalid

MAX_PIXELS = 40_000_000
MEMORY_BYTES = 1_500_000_000  # address space of the child: 40 MP in RGBA and one copy, with room
CPU_S = 20
WAIT_S = 40
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
SIZES: dict[str, tuple[int, int, bool]] = {  # name → width, height, cut to fit
    "mail600": (600, 2400, False),
    "mail1200": (1200, 4800, False),
    "card": (640, 360, True),
    "thumb": (160, 136, True),
}
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heif", b"mif1", b"msf1")


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

    mime: str
    width: int
    height: int
    data: bytes
    sizes: tuple[Made, ...]


def process(data: bytes) -> Picture:
    """Turn, strip and scale a picture; raises Invalid with a sentence for what cannot be taken."""
    _look(data)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(theirs, data), daemon=True)
    child.start()
    theirs.close()
    try:
        answer = ours.recv() if ours.poll(WAIT_S) else None
    except (EOFError, OSError):
        answer = None
    finally:
        ours.close()
        child.join(1)
        if child.is_alive():
            child.kill()
            child.join()
    if not isinstance(answer, Picture):
        raise Invalid(
            N_("We cannot read this picture. Open it in a picture program and save it again as JPEG or PNG.")
        )
    return answer


def _look(data: bytes) -> None:
    """Refuse by the header what must not be decoded at all."""
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        raise Invalid(N_("We cannot take HEIC. Save the picture as JPEG."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                width, height = opened.size
    except Image.DecompressionBombError:
        raise _too_large() from None
    except Exception:  # Pillow raises many kinds for broken files
        raise Invalid(N_("We cannot read this picture. Take a JPEG, PNG, GIF, WebP or AVIF file.")) from None
    if width * height > MAX_PIXELS:
        raise _too_large()


def _too_large() -> Invalid:
    return Invalid(N_("This picture has more than 40 megapixels. Make it smaller and upload it again."))


def _child(out: Connection, data: bytes) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    limit = used + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        out.send(_make(data))
    except BaseException:
        out.send(None)
    finally:
        out.close()


def _make(data: bytes) -> Picture:
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        opened.draft("RGB", (4000, 4000))
        image = ImageOps.exif_transpose(opened)
        image = _srgb(image)
    alpha = image.mode in ("RGBA", "LA", "PA") or (image.mode == "P" and "transparency" in image.info)
    image = image.convert("RGBA" if alpha else "RGB")
    original = _encoded(image, "original", alpha)
    sizes = tuple(_size(image, name, alpha) for name in SIZES)
    return Picture(original.mime, original.width, original.height, original.data, sizes)


def _srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted: Any = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        return converted or image
    except ImageCms.PyCMSError:
        return image


def _size(image: Image.Image, name: str, alpha: bool) -> Made:
    width, height, cut = SIZES[name]
    if cut:
        return _encoded(
            ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS), name, alpha, webp=True
        )
    scaled = image.copy()
    scaled.thumbnail((width, height), Image.Resampling.LANCZOS)
    return _encoded(scaled, name, alpha)


def _encoded(image: Image.Image, name: str, alpha: bool, webp: bool = False) -> Made:
    """Without metadata: nothing of the source's EXIF, GPS or comments is passed on."""
    out = io.BytesIO()
    if webp:
        image.save(out, "WEBP", quality=80, method=4)
        mime = "image/webp"
    elif alpha:
        image.save(out, "PNG", optimize=False)
        mime = "image/png"
    else:
        image.save(out, "JPEG", quality=84, progressive=True, optimize=True)
        mime = "image/jpeg"
    return Made(name, mime, image.width, image.height, out.getvalue())
