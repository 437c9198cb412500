"""Pictures are turned, stripped and scaled; what cannot be taken is refused in plain words."""

import io

import pytest
from PIL import Image

from domain.errors import Invalid
from mediadb import imaging
from tests import pictures


def opened(made: imaging.Made) -> Image.Image:
    return Image.open(io.BytesIO(made.data))


def test_a_phones_picture_is_upright_and_says_nothing_about_place_and_device() -> None:
    picture = imaging.process(pictures.from_a_phone())
    assert (picture.original.width, picture.original.height) == (3024, 4032)
    for made in (picture.original, *picture.sizes):
        image = opened(made)
        assert not image.getexif()
        assert "Geheimnis" not in made.data.decode("latin-1")
        assert not set(image.info) & {"exif", "xmp", "comment", "icc_profile", "photoshop"}
    red, _green, blue = opened(picture.original).convert("RGB").getpixel((1500, 100))
    assert red > 200 and blue < 60


def test_mails_get_jpeg_or_png_and_the_portal_webp_and_avif() -> None:
    sizes = {size.name: size for size in imaging.process(pictures.plain(2000, 1000)).sizes}
    assert {name: (s.mime, s.width, s.height) for name, s in sizes.items()} == {
        "mail600": ("image/jpeg", 600, 300),
        "mail1200": ("image/jpeg", 1200, 600),
        "mail1440": ("image/jpeg", 1440, 720),
        "card": ("image/webp", 640, 360),
        "thumb": ("image/webp", 160, 136),
        "card-avif": ("image/avif", 640, 360),
        "thumb-avif": ("image/avif", 160, 136),
    }
    see_through = imaging.process(pictures.encoded(Image.new("RGBA", (800, 800), (9, 9, 9, 0)), "PNG"))
    assert {s.name: s.mime for s in see_through.sizes}["mail600"] == "image/png"


def test_small_pictures_are_not_blown_up_for_mails() -> None:
    sizes = {size.name: size for size in imaging.process(pictures.plain(100, 50)).sizes}
    assert (sizes["mail600"].width, sizes["mail1200"].width) == (100, 100)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_all_kinds_that_we_name_are_taken(kind: str) -> None:
    assert imaging.process(pictures.plain(kind=kind)).original.width == 320


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_all_colours_are_taken(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert imaging.process(pictures.encoded(Image.new(mode, (64, 64)), kind)).original.width == 64


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (pictures.heic(), "We cannot take HEIC. Save the picture as JPEG."),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic" + b"\x00" * 99, "We cannot take HEIC"),
        (pictures.bomb(), "more than 40 megapixels"),
        (pictures.bomb(60_000), "more than 40 megapixels"),
        (b"no picture at all", "We cannot read this picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "We cannot read"),
        (pictures.from_a_phone(400, 300)[:900], "We cannot read this picture"),
        (pictures.plain()[:60], "We cannot read this picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 400, "We cannot read this picture"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        imaging.process(data)
    assert words in str(refused.value)


def test_forty_megapixels_fit_into_the_decoders_memory() -> None:
    picture = imaging.process(pictures.encoded(Image.new("RGBA", (7900, 5000), (1, 2, 3, 90)), "PNG"))
    assert picture.original.width == 4096


def test_avif_with_the_shared_brand_is_no_heic() -> None:
    assert not imaging.is_heic(b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif")
