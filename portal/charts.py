"""Drawing figures: places for the SVG that templates write. x in percent of the width, y in px from the top."""

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT_PX = 240
_BASE, _TOP = 218.0, 8.0
_SERIES = 4  # more colours would not be told apart; the rest is drawn as the last one


@dataclass(frozen=True)
class Piece:
    """A part of a column: number of its colour (1 to 4), x and width in percent, y and height in px."""

    colour: int
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True)
class Chart:
    """Stacked columns: the pieces, the middles of the columns (percent), grid lines as (y, value), the highest."""

    pieces: list[Piece]
    middles: list[float]
    grid: list[tuple[float, int]]
    highest: int


def stacked(series: Sequence[Sequence[int]]) -> Chart:
    """Columns of `series` (each a row of the same length) stacked from zero; empty without any value."""
    length = len(series[0]) if series else 0
    sums = [sum(row[i] for row in series) for i in range(length)]
    highest = max(sums, default=0)
    if not highest:
        return Chart([], [], [], 0)
    step = _step(highest)
    top = -(-highest // step) * step
    scale, slot = (_BASE - _TOP) / top, 100 / length
    pieces = []
    for i in range(length):
        y = _BASE
        for number, row in enumerate(series):
            height = row[i] * scale
            if not height:
                continue
            y -= height
            gap = 1.0 if height > 2 else 0.0
            pieces.append(
                Piece(
                    colour=min(number + 1, _SERIES),
                    x=round(i * slot + slot / 4, 2),
                    width=round(slot / 2, 2),
                    y=round(y, 1),
                    height=round(height - gap, 1),
                )
            )
    grid = [(round(_BASE - value * scale, 1), value) for value in range(0, top + 1, step)]
    return Chart(pieces, [round(i * slot + slot / 2, 2) for i in range(length)], grid, highest)


def _step(highest: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … of which five cover `highest`: the distance of grid lines."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step * 5 >= highest:
                return step
        power *= 10
