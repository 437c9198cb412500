"""The document of the demo house: a page with the map of a detour, written as PDF by hand.

Shapes and text are vectors, so that the file is small, sharp and can be searched. Helvetica is one of the fonts every
reader of PDF has; its letters are those of Windows-1252, in which umlauts are one byte.
"""

# ruff: noqa: E501 - a drawing: one line or text per line

from datetime import date

from portal.demo import days

WIDTH, HEIGHT = 595, 842  # points of A4, from below
INK, PAPER, SOFT = (0.11, 0.16, 0.23), (1, 1, 1), (0.42, 0.47, 0.53)
RED, WATER, STREET, GREEN, LAND = (
    (0.76, 0.15, 0.18),
    (0.68, 0.83, 0.91),
    (0.82, 0.84, 0.86),
    (0.11, 0.48, 0.33),
    (0.96, 0.95, 0.92),
)
Colour = tuple[float, float, float]

WAYS = (
    ("Auto", ("Über die Schützenbrücke,", "ausgeschildert ab Marktstraße.", "Parkhaus Nord zum halben Preis.")),
    ("Bus 4 und 12", ("Ersatzhaltestelle Südstadt Mitte", "am Fröbelplatz, Fahrzeit", "acht bis elf Minuten länger.")),
    ("Rad und zu Fuß", ("Eigene Spur auf der Ostseite", "der Brücke, durchgehend", "geöffnet, auch im Winter.")),
)  # fmt: skip
PLACES = (
    (150, 628, "Innenstadt"), (396, 628, "Marktstraße"), (150, 330, "Südstadt"), (392, 330, "Fröbelplatz"),
    (134, 562, "Schützenbrücke"), (276, 562, "Leinebrücke"), (470, 470, "Leine"),
)  # fmt: skip


def detour(today: date) -> bytes:
    """The page as a PDF file, its days always near `today`."""
    begins = days.written("Ab Montag, {mo1}, für neun Monate", today)
    return _file("\n".join([*_head(begins), *_map(), *_ways(), *_foot()]), "Umleitung Leinebrücke")


def _head(begins: str) -> list[str]:
    return [
        _box(0, 742, WIDTH, 100, GREEN), _text(48, 796, 26, "Umleitung Leinebrücke", PAPER, bold=True),
        _text(48, 768, 13, begins, PAPER), _text(48, 712, 11, "Die Brücke wird saniert. So kommen Sie in der Zwischenzeit über den Fluss.", INK),
    ]  # fmt: skip


def _map() -> list[str]:
    """River, the two bridges, the closed way in red and the detour in green."""
    river = "0 480 m 150 545 300 415 595 500 c"
    return [
        _box(48, 300, 499, 380, LAND), "q 48 300 499 380 re W n",
        _line(river, WATER, 62), _line("48 600 m 547 600 l", STREET, 16), _line("48 372 m 547 372 l", STREET, 16),
        _line("120 600 m 120 372 l", STREET, 16), _line("360 600 m 360 372 l", STREET, 16), "Q",
        _line("350 600 m 120 600 l 120 372 l 350 372 l", GREEN, 6, "14 7"),
        _line("360 540 m 360 430 l", RED, 10), _line("340 505 m 380 465 l 340 465 m 380 505 l", RED, 6),
        _line("384 590 m 384 382 l", INK, 2.5, "4 4"),
        *(_text(x, y, 11, name, SOFT if name == "Leine" else INK, bold=name.endswith("brücke")) for x, y, name in PLACES),
    ]  # fmt: skip


def _ways() -> list[str]:
    found = []
    for place, (name, lines) in enumerate(WAYS):
        x, colour = 48 + place * 172, (GREEN, GREEN, INK)[place]
        found += [_box(x, 268, 24, 4, colour), _text(x, 244, 13, name, INK, bold=True)]
        found += [_text(x, 224 - 16 * row, 10, line, INK) for row, line in enumerate(lines)]
    return found


def _foot() -> list[str]:
    return [
        _line("48 108 m 547 108 l", STREET, 1),
        _text(48, 86, 9, "Grün gestrichelt: Autos und Busse. Schwarz gepunktet: Räder und Fußgänger. Rot: gesperrt.", SOFT),
        _text(48, 70, 9, "Karte: Verlag Lindenhof, Redaktion Stadtgespräch. Angaben der Verkehrsbetriebe, ohne Gewähr.", SOFT),
    ]  # fmt: skip


def _box(x: float, y: float, width: float, height: float, colour: Colour) -> str:
    return f"{_numbers(colour)} rg {x} {y} {width} {height} re f"


def _line(path: str, colour: Colour, width: float, dashes: str = "") -> str:
    return f"{_numbers(colour)} RG {width} w 1 J [{dashes}] 0 d {path} S"


def _text(x: float, y: float, size: float, words: str, colour: Colour, bold: bool = False) -> str:
    held = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /F{2 if bold else 1} {size} Tf {_numbers(colour)} rg {x} {y} Td ({held}) Tj ET"


def _numbers(colour: Colour) -> str:
    return " ".join(f"{part:g}" for part in colour)


def _file(drawn: str, title: str) -> bytes:
    """Catalogue, page, two fonts, what is drawn, and the title; then the table of where each of them begins."""
    stream = drawn.encode("cp1252")
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (de) /ViewerPreferences << /DisplayDocTitle true >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents 6 0 R "
        "/Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>".encode(),
        font.format("Helvetica").encode(), font.format("Helvetica-Bold").encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Title (%s) /Author (Verlag Lindenhof) >>" % title.encode("cp1252"),
    ]  # fmt: skip
    out, begins = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        begins.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % at for at in begins)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(bodies) + 1,
        len(out),
    )
    return out + head + table + tail
