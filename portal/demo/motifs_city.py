"""Motifs from the town: bridge, market, tram, houses, town hall, church, cycle path, park, pool."""

from portal.demo.canvas import Canvas


def bridge(evening: bool = False) -> Canvas:
    c = Canvas("#e8c9a8" if evening else "#cfe0ea")
    c.disc("#d9713f" if evening else "#f6e3b4", 250, 46, 20)
    far, water = ("#b9927f", "#6b5d72") if evening else ("#a9c3cf", "#5d8298")
    c.hill(far, (0, 110), (80, 92), (160, 100), (240, 104), (320, 86))
    c.box(water, 0, 136, 320, 44)
    for y, x, width in ((146, 40, 60), (158, 190, 80), (168, 90, 50), (150, 250, 40)):
        c.box("#ffffff40", x, y, width, 1.5, 0.7)
    for x in (100, 220):
        c.arc("#8c3f2f", x, 112, 60, 56, 180, 360, 5)
    c.box("#8c3f2f", 20, 108.5, 280, 7)
    for x, top in ((70, 66), (100, 58), (130, 66), (190, 66), (220, 58), (250, 66)):
        c.box("#8c3f2f", x - 1, top, 2, 44)
    for x in (34, 154, 274):
        c.box("#6e3226", x, 112, 12, 42)
    return c


def market(busy: bool = False) -> Canvas:
    c = Canvas("#f2e9d8")
    c.box("#dccfb4", 0, 128, 320, 52)
    c.boxes("#c3b28f", [(12, 30, 70, 98), (238, 44, 70, 84)])
    c.shape("#ad5a3c", (4, 34), (47, 8), (90, 34))
    c.shape("#ad5a3c", (230, 48), (273, 26), (316, 48))
    c.boxes("#a8946d", [(24, 46, 14, 20), (54, 46, 14, 20), (24, 84, 14, 20), (54, 84, 14, 20)])
    c.boxes("#a8946d", [(250, 58, 14, 18), (280, 58, 14, 18), (250, 92, 14, 18), (280, 92, 14, 18)])
    _stall(c, 94, 70, "#3f7d5c", "#d9862c")
    _stall(c, 166, 78, "#b9472f", "#5f9e4d")
    if busy:
        _stall(c, 22, 88, "#2f5d7c", "#d9c04c")
        for x, colour in ((84, "#5c4a72"), (150, "#8c3f2f"), (236, "#2f5d7c"), (258, "#3f7d5c")):
            _person(c, x, 132, colour)
    return c


def tram(night: bool = False) -> Canvas:
    sky, house, road = ("#1f2b3d", "#2d3c52", "#3c4654") if night else ("#e4e7ea", "#c4cbd1", "#8d959b")
    c = Canvas(sky)
    c.boxes(house, [(0, 30, 54, 110), (64, 56, 40, 84), (244, 26, 76, 114)])
    c.boxes(
        "#e9d28b" if night else "#b3bcc4",
        [(10, 44, 10, 14), (32, 70, 10, 14), (258, 44, 12, 16), (290, 76, 12, 16)],
    )
    c.box(road, 0, 140, 320, 40)
    c.box("#5d656b", 0, 158.5, 320, 3)
    c.box("#5d656b", 0, 21, 320, 1.5)
    c.line("#333333", 2, (160, 50), (142, 22))
    c.box("#1f6f5c", 76, 52, 176, 98, 12)
    c.boxes(
        "#f6e3a4" if night else "#d8ecf2",
        [(90, 66, 32, 34), (130, 66, 32, 34), (170, 66, 32, 34), (210, 66, 30, 34)],
    )
    c.box("#f2c94c", 76, 112, 176, 8)
    for x in (110, 218):
        c.disc("#333333", x, 152, 9)
        c.disc("#8d959b", x, 152, 3)
    return c


def houses(scaffold: bool = False) -> Canvas:
    c = Canvas("#e3ebe6")
    c.disc("#f6e3b4", 60, 36, 16)
    for x, top, wall, roof in (
        (14, 72, "#d9a87c", "#8c3f2f"),
        (88, 56, "#b9c7a8", "#6e3226"),
        (162, 78, "#d8c79a", "#8c3f2f"),
        (236, 62, "#a8bcc7", "#4f5d6d"),
    ):
        c.box(wall, x, top, 70, 150 - top)
        c.shape(roof, (x - 5, top + 2), (x + 35, top - 32), (x + 75, top + 2))
        for row in range(2):
            c.boxes("#4b5a66", [(x + 10 + 22 * n, top + 12 + 32 * row, 12, 18) for n in range(3)])
        c.box("#5a3a2a", x + 29, 128, 12, 22)
    c.box("#9aa39a", 0, 150, 320, 30)
    c.box("#c9cfc6", 0, 150, 320, 5)
    if scaffold:
        for y in (60, 84, 108, 132):
            c.box("#c9862c", 156, y, 82, 2.5)
        for x in (156, 182, 208, 236):
            c.box("#8a7148", x, 46, 2, 104)
    return c


def town_hall(flags: bool = False) -> Canvas:
    c = Canvas("#d7e3e8")
    c.box("#b8a58b", 50, 70, 220, 90)
    c.shape("#8c3f2f", (40, 72), (80, 40), (240, 40), (280, 72))
    c.box("#a08c70", 140, 20, 40, 140)
    c.shape("#4f6d62", (134, 22), (160, -4), (186, 22))
    c.disc("#ffffff", 160, 46, 11)
    c.line("#333333", 2, (160, 46), (160, 39))
    c.line("#333333", 2, (160, 46), (165, 46))
    for y in (86, 124):
        c.boxes("#4b5a66", [(x, y, 14, 24) for x in (66, 94, 198, 226)])
    c.box("#4b5a66", 150, 120, 20, 40)
    c.box("#8f9aa0", 0, 160, 320, 20)
    if flags:
        for x, colour in ((26, "#2d6a4f"), (296, "#b9472f")):
            c.box("#5d656b", x, 60, 2, 100)
            c.shape(colour, (x + 2, 62), (x + 22, 66), (x + 2, 84))
    return c


def church() -> Canvas:
    c = Canvas("#dfe6ee")
    c.disc("#ffffff", 70, 40, 16)
    c.disc("#ffffff", 92, 44, 12)
    c.hill("#b7c9a5", (0, 138), (100, 128), (220, 134), (320, 126))
    c.box("#b4694a", 150, 84, 110, 70)
    c.shape("#5a6f66", (144, 86), (176, 52), (234, 52), (266, 86))
    c.box("#a05a3d", 110, 50, 42, 104)
    c.shape("#4a5f57", (104, 52), (131, -2), (158, 52))
    c.disc("#f3ead9", 131, 72, 9)
    c.line("#333333", 1.6, (131, 72), (131, 66))
    c.line("#333333", 1.6, (131, 72), (135, 75))
    for x in (168, 196, 224):
        c.box("#3d4a5c", x, 102, 14, 34, 7)
    c.box("#4a2f22", 122, 122, 18, 32, 8)
    c.box("#8f9a84", 0, 154, 320, 26)
    return c


def cycle_path(cargo: bool = False) -> Canvas:
    c = Canvas("#dbe9ef")
    c.hill("#a9c494", (0, 96), (90, 82), (200, 94), (320, 80))
    c.box("#7d8a8f", 0, 128, 320, 52)
    c.box("#3f8a63", 0, 138, 320, 22)
    c.boxes("#e8f2ea", [(x, 148, 18, 2) for x in range(8, 320, 40)])
    for x in (40, 262, 292):
        c.box("#6b5138", x - 2, 84, 4, 44)
        c.disc("#5f8f55", x, 74, 20)
    _bicycle(c, 130, 138, "#b9472f", cargo)
    return c


def park() -> Canvas:
    c = Canvas("#e2eef2")
    c.hill("#a9c98e", (0, 104), (110, 92), (220, 100), (320, 88))
    c.hill("#8ab36c", (0, 132), (140, 120), (320, 136))
    c.shape("#e6d9bd", (130, 180), (168, 118), (176, 118), (206, 180))
    for x, y, size, tone in (
        (48, 74, 30, "#4f8a4c"),
        (96, 88, 20, "#6ba05a"),
        (250, 70, 34, "#4f8a4c"),
        (292, 94, 18, "#79ab62"),
    ):
        c.box("#6b5138", x - 2.5, y, 5, size + 30)
        c.disc(tone, x, y, size)
        c.disc("#ffffff22", x - size / 3, y - size / 3, size / 2)
    c.box("#7a5a3a", 196, 134, 40, 4, 1)
    c.box("#7a5a3a", 196, 124, 40, 4, 1)
    c.boxes("#4a3a2a", [(200, 124, 2.5, 24), (229, 124, 2.5, 24)])
    return c


def pool() -> Canvas:
    c = Canvas("#eef3f4")
    c.boxes("#bcd9e4", [(x, 16, 40, 50) for x in (16, 66, 116, 166, 216, 266)])
    c.box("#d8ddd9", 0, 82, 320, 16)
    c.box("#4fa3bd", 0, 98, 320, 82)
    for y in (112, 136, 160):
        for n, x in enumerate(range(0, 320, 16)):
            c.disc("#d9502f" if n % 2 else "#ffffff", x + 8, y, 2.6)
    for x, y, cap in ((90, 124, "#f2c94c"), (210, 148, "#b9472f")):
        c.disc("#e3b48f", x, y, 6)
        c.oval(cap, x, y - 3, 6, 3.6)
        c.line("#ffffff", 2, (x - 22, y + 5), (x + 22, y + 5))
    c.box("#5d656b", 282, 56, 4, 44)
    c.box("#e4e7ea", 262, 54, 40, 5, 2)
    return c


def _stall(c: Canvas, x: float, y: float, stripe: str, fruit: str) -> None:
    c.boxes("#6b5a3c", [(x + 4, y + 10, 3, 48), (x + 55, y + 10, 3, 48)])
    c.box("#ffffff", x, y, 62, 15)
    c.boxes(stripe, [(x + step, y, 12.4, 17) for step in (0, 24.8, 49.6)])
    c.box("#8a7148", x + 2, y + 42, 58, 18)
    for n in range(5):
        c.disc(fruit, x + 10 + n * 10.5, y + 40, 5)


def _person(c: Canvas, x: float, y: float, coat: str) -> None:
    c.disc("#d9b08c", x, y - 24, 5)
    c.box(coat, x - 6, y - 19, 12, 24, 5)
    c.boxes("#333333", [(x - 5, y + 2, 4, 14), (x + 1, y + 2, 4, 14)])


def _bicycle(c: Canvas, x: float, y: float, frame: str, cargo: bool) -> None:
    for wheel in (x, x + 66):
        c.arc("#2f3438", wheel, y, 19, 19, 0, 360, 2.6)
    c.line(frame, 3, (x, y), (x + 20, y - 32), (x + 52, y - 32), (x + 66, y))
    c.line(frame, 3, (x, y), (x + 30, y), (x + 52, y - 32))
    c.line(frame, 3, (x + 30, y), (x + 20, y - 32))
    c.line("#2f3438", 3, (x + 12, y - 38), (x + 27, y - 38))
    c.line("#2f3438", 3, (x + 52, y - 32), (x + 50, y - 44), (x + 60, y - 46))
    if cargo:
        c.shape("#d9a441", (x + 58, y - 40), (x + 106, y - 40), (x + 100, y - 8), (x + 66, y - 8))
        c.arc("#2f3438", x + 96, y + 5, 13, 13, 0, 360, 2.6)
