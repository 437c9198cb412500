"""Runs alone, as a process of its own with little memory: turns, strips and scales one picture.

Started by path in isolated mode by mediadb.child. Reads the file from standard input, writes one line of JSON
and then the bytes of every size to standard output. It imports nothing of ours and knows no secret, so that a
hostile picture which takes it over finds nothing.
"""

import io
import json
import resource
import sys
import warnings

from PIL import Image, ImageCms, ImageOps, IptcImagePlugin, features

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
MAX_PIXELS = 40_000_000
MAX_EDGE = 4096  # of the kept original: four times what a mail shows
MEMORY_BYTES = 1_500_000_000  # address space: 40 MP in RGBA and three copies, with room
CPU_S = 30
SIZES = {  # name → width, height, cut to fit
    "mail600": (600, 2400, False),
    "mail1200": (1200, 4800, False),
    "mail1440": (
        1440,
        5760,
        False,
    ),  # twice the widest mail; only of pictures that mail1200 would make smaller
    "card": (640, 360, True),
    "thumb": (160, 136, True),
}
AVIF = "-avif"  # ends the name of a second file of a size that only the portal shows
UNREADABLE, TOO_LARGE = 3, 4  # exit codes

Encoded = tuple[str, str, int, int, bytes]  # name, mime type, width, height, data


def main() -> int:
    """0 and the picture on standard output, or one of the exit codes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # the ceiling below is ours
    data = sys.stdin.buffer.read()
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                return TOO_LARGE
            crop, focus = json.loads(sys.argv[1]) if len(sys.argv) > 1 else (None, None)
            credit = _credit(opened)
            made = [*sizes_of(opened, crop, focus), ("credit", "text/plain", 0, 0, credit.encode())]
    except Exception:
        return UNREADABLE  # Pillow raises many kinds for broken files
    out = sys.stdout.buffer
    out.write(json.dumps([[*head, len(body)] for *head, body in made]).encode() + b"\n")
    for *_head, body in made:
        out.write(body)
    out.flush()
    return 0


def sizes_of(
    opened: Image.Image, crop: list[int] | None = None, focus: list[int] | None = None
) -> list[Encoded]:
    """The upright original, at most MAX_EDGE long, and every size of SIZES of what `crop` leaves, cut around `focus`
    (both in per mille). Of an animation: the first picture."""
    image = _srgb(ImageOps.exif_transpose(opened))
    alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    image = image.convert("RGBA" if alpha else "RGB")
    alpha = alpha and image.getchannel("A").getextrema() != (255, 255)  # nothing is seen through it
    image = image if alpha else image.convert("RGB")
    image.info.clear()
    image.thumbnail((MAX_EDGE, MAX_EDGE), Image.Resampling.LANCZOS)
    shown = _cropped(image, crop)
    names = [name for name in SIZES if name != "mail1440" or shown.width > SIZES["mail1200"][0]]
    made = [_encoded(image, "original", alpha)]
    for name in names:
        made += _size(shown, name, alpha, focus)
    return made


def _credit(image: Image.Image) -> str:
    """Who made the picture, as EXIF or IPTC say: the one thing of the metadata that is kept, as a field."""
    try:
        exif, iptc = image.getexif(), IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]
        said = [exif.get(0x013B), iptc.get((2, 80)), iptc.get((2, 110)), exif.get(0x8298)]
    except Exception:
        return ""
    for value in said:
        if isinstance(value, list):
            value = value[0] if value else ""
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        if text:
            return text[:200]
    return ""


def _cropped(image: Image.Image, crop: list[int] | None) -> Image.Image:
    if not crop:
        return image
    left, top, width, height = crop
    box = (
        left * image.width // 1000,
        top * image.height // 1000,
        max(left * image.width // 1000 + 1, (left + width) * image.width // 1000),
        max(top * image.height // 1000 + 1, (top + height) * image.height // 1000),
    )
    return image.crop(box)


def _srgb(image: Image.Image) -> Image.Image:
    """In the colours of screens; 16 bits per channel become 8."""
    if image.mode.startswith("I"):
        return image.point(lambda value: value / 256).convert("L")
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return (
            ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            or image
        )
    except (ImageCms.PyCMSError, OSError):
        return image  # a profile that nobody can read says nothing


def _size(image: Image.Image, name: str, alpha: bool, focus: list[int] | None) -> list[Encoded]:
    """A size for mails as one file, one for the portal as WebP and, where Pillow can, as AVIF."""
    width, height, cut = SIZES[name]
    if cut:
        centre = (focus[0] / 1000, focus[1] / 1000) if focus else (0.5, 0.5)
        fitted = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS, centering=centre)
        kinds = [(name, "WEBP"), (name + AVIF, "AVIF")] if features.check("avif") else [(name, "WEBP")]
        return [_encoded(fitted, said, alpha, kind) for said, kind in kinds]
    scaled = image.copy()
    scaled.thumbnail((width, height), Image.Resampling.LANCZOS)
    return [_encoded(scaled, name, alpha)]


def _encoded(image: Image.Image, name: str, alpha: bool, kind: str = "") -> Encoded:
    """Without metadata: nothing of the source's EXIF, GPS or comments is passed on. Mails get JPEG or PNG."""
    out = io.BytesIO()
    if kind == "WEBP":
        image.save(out, kind, quality=80, method=4, exif=b"", xmp=b"", icc_profile=b"")
    elif kind == "AVIF":
        image.save(out, kind, quality=60, speed=8, max_threads=1, exif=b"", xmp=b"", icc_profile=b"")
    elif alpha:
        kind = "PNG"
        image.save(out, kind)
    else:
        kind = "JPEG"
        image.save(out, kind, quality=84, progressive=True, optimize=True)
    return name, f"image/{kind.lower()}", image.width, image.height, out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
