"""SVG: shapes, text and gradients come out, nothing that acts or fetches; what stays is served as a download."""

import re

import pytest

from domain.errors import Invalid
from mediadb import library, storage
from tests.world import World

# ruff: noqa: E501 - one attack per line

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
HOSTILE = [
    "<script>alert(1)</script>", "<script href='https://boese.example/x.js'/>", "<g onload='alert(1)'/>",
    "<rect onclick='alert(1)' width='9' height='9'/>", "<a href='javascript:alert(1)'><text>x</text></a>",
    "<a xlink:href='https://boese.example/'><text>x</text></a>", "<image href='https://boese.example/p.png'/>",
    "<image xlink:href='data:image/svg+xml;base64,PHN2Zz4='/>", "<use href='https://boese.example/a.svg#x'/>",
    "<use xlink:href='data:image/svg+xml,x#y'/>", "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><img src='x' onerror='alert(1)'/></body></foreignObject>",
    "<style>@import url(https://boese.example/a.css); * { fill: url(https://boese.example/b) }</style>",
    "<rect style='fill:url(https://boese.example/a)' width='9' height='9'/>", "<rect fill='url(https://boese.example/a)'/>",
    "<rect style='background:url(javascript:alert(1))'/>", "<animate attributeName='href' to='javascript:alert(1)'/>",
    "<set attributeName='onload' to='alert(1)'/>", "<animateTransform onbegin='alert(1)'/>", "<iframe src='https://boese.example'/>",
    "<handler type='application/ecmascript'>alert(1)</handler>", "<listener event='load' handler='#x'/>",
    "<filter id='f'><feImage href='https://boese.example/x.png'/></filter>", "<rect filter='url(https://boese.example/x#f)'/>",
    "<h:script xmlns:h='http://www.w3.org/1999/xhtml'>alert(1)</h:script>", "<x:script xmlns:x='http://www.w3.org/2000/svg'>alert(1)</x:script>",
    "<metadata><script>alert(1)</script></metadata>", "<rect style='fill:u\\72l(https://boese.example/a)'/>",
    "<rect fill='URL( https://boese.example/a )'/>", "<?xml-stylesheet href='https://boese.example/a.css'?>", "<!-- <script>alert(1)</script> -->",
    "<text><![CDATA[<script>alert(1)</script>]]></text>", "<video src='https://boese.example/v'/>", "<title><script>alert(1)</script></title>",
    "<textPath href='https://boese.example/#p'>x</textPath>", "<linearGradient href='https://boese.example/#g'/>",
    "<rect cursor='url(https://boese.example/c)'/>", "<font-face-uri href='https://boese.example/f'/>",
]  # fmt: skip
DANGEROUS = re.compile(
    rb"<script|\son\w+=|javascript:|boese|data:|<foreignObject|<image|<style|<animate|<set|<iframe|@import|<\?xml-style|<a[\s>]|url\((?!#)",
    re.IGNORECASE,
)


def kept(world: World, inside: str) -> bytes:
    data = f"<svg {NS} viewBox='0 0 10 10'><rect id='da' width='5' height='5'/>{inside}</svg>".encode()
    return storage.read(library.upload(world.north.id, 1, "x.svg", data).sha256)


def test_nothing_hostile_comes_out_and_the_shapes_stay(world: World) -> None:
    for inside in HOSTILE:
        clean = kept(world, inside)
        without_text = re.sub(rb"&lt;script&gt;", b"", clean)
        assert not DANGEROUS.search(without_text), (inside, clean)
        assert b'id="da"' in clean


def test_pictures_of_people_stay_what_they_are(world: World) -> None:
    clean = kept(
        world,
        "<defs><linearGradient id='g'><stop offset='0' stop-color='#fff'/></linearGradient></defs>"
        "<path d='M0 0L9 9' style='fill:url(#g);stroke:#123;behavior:url(x)'/><text x='1'>Grüße &amp; mehr</text><use href='#da' x='3'/>",
    )
    for part in (
        "linearGradient",
        'fill="url(#g)"',
        'stroke="#123"',
        "Grüße &amp; mehr",
        'href="#da"',
        "M0 0L9 9",
    ):
        assert part.encode() in clean, part
    asset = library.find(world.north.id, everywhere=True).assets[0]
    assert (asset.mime, asset.kind, asset.width) == ("image/svg+xml", "document", 10)


@pytest.mark.parametrize(
    "data", [b"<svg", b"<html><svg/></html>", b"<svg xmlns='x'><g></svg>", b"\xff\xfe<\0s\0v\0g\0"]
)
def test_what_is_no_svg_is_refused(world: World, data: bytes) -> None:
    with pytest.raises(Invalid):
        library.upload(world.north.id, 1, "x.svg", data)
