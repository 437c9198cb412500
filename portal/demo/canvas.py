"""A small canvas for flat illustrations: shapes in units of 320 × 180, drawn finer than shown."""

import io
from collections.abc import Iterable, Sequence

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1200, 675
UNIT = WIDTH / 320
FINER = 2  # drawn at double size and halved: Pillow's shapes have no smooth edges
QUALITY = 88

Point = tuple[float, float]


class Canvas:
    """One picture in the making; every coordinate is in units, the origin is the upper left."""

    def __init__(self, ground: str) -> None:
        self._image = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), ground)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def box(self, colour: str, x: float, y: float, width: float, height: float, radius: float = 0) -> None:
        corners = _pixels([(x, y), (x + width, y + height)])
        self._draw.rounded_rectangle(corners, radius * UNIT * FINER, fill=colour)

    def boxes(self, colour: str, rows: Iterable[Sequence[float]]) -> None:
        """Several boxes of one colour, each (x, y, width, height)."""
        for x, y, width, height in rows:
            self.box(colour, x, y, width, height)

    def shape(self, colour: str, *points: Point) -> None:
        self._draw.polygon(_pixels(points), fill=colour)

    def disc(self, colour: str, x: float, y: float, radius: float) -> None:
        self.oval(colour, x, y, radius, radius)

    def oval(self, colour: str, x: float, y: float, wide: float, high: float) -> None:
        self._draw.ellipse(_pixels([(x - wide, y - high), (x + wide, y + high)]), fill=colour)

    def arc(
        self,
        colour: str,
        x: float,
        y: float,
        wide: float,
        high: float,
        start: float,
        end: float,
        width: float,
    ) -> None:
        """Part of an oval's edge, angles in degrees clockwise from three o'clock."""
        box = _pixels([(x - wide, y - high), (x + wide, y + high)])
        self._draw.arc(box, start, end, fill=colour, width=round(width * UNIT * FINER))

    def line(self, colour: str, width: float, *points: Point) -> None:
        thick = round(width * UNIT * FINER)
        self._draw.line(_pixels(points), fill=colour, width=thick, joint="curve")
        for x, y in (points[0], points[-1]):
            self.disc(colour, x, y, width / 2)

    def hill(self, colour: str, *crests: Point) -> None:
        """Ground below a smooth line through `crests`, which run from left to right."""
        self.shape(colour, *_smooth(crests), (crests[-1][0], 180), (crests[0][0], 180))

    def jpeg(self) -> bytes:
        """The finished picture, 1200 × 675 pixels."""
        out = io.BytesIO()
        self._image.reduce(FINER).save(out, "JPEG", quality=QUALITY, optimize=False)
        return out.getvalue()


def _pixels(points: Iterable[Point]) -> list[Point]:
    return [(x * UNIT * FINER, y * UNIT * FINER) for x, y in points]


def _smooth(points: Sequence[Point], steps: int = 16) -> list[Point]:
    """Catmull-Rom: a curve that passes through every point."""
    padded = [points[0], *points, points[-1]]
    found: list[Point] = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(steps):
            t = step / steps
            found.append((_between(a[0], b[0], c[0], d[0], t), _between(a[1], b[1], c[1], d[1], t)))
    return [*found, points[-1]]


def _between(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
