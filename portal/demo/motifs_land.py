"""Motifs of stage, learning, work and land: theatre, concert, library, museum, works, wind, field and others."""

from portal.demo.canvas import Canvas


def theatre(full: bool = False) -> Canvas:
    c = Canvas("#2b2036")
    c.shape("#f0d9a848", (150, 8), (170, 8), (230, 150), (90, 150))
    for left in (True, False):
        points = [(0, 0), (62, 0), (66, 60), (58, 120), (32, 180), (0, 180)]
        c.shape("#8f2338", *((x if left else 320 - x, y) for x, y in points))
        for fold in (16, 34, 50):
            x = fold if left else 320 - fold
            c.line("#7a1c2f", 2, (x, 20), (x * 0.94 + (0 if left else 19), 178))
    c.box("#6f1a2b", 0, 0, 320, 26)
    for x in (40, 120, 200, 280):
        c.oval("#6f1a2b", x, 25, 40, 14)
    c.box("#4a3a5c", 40, 150, 240, 30)
    for x in (120, 160, 200) if full else (160,):
        c.disc("#f0d9a8", x, 98, 10)
        c.box("#f0d9a8", x - 15, 110, 30, 46, 14)
    c.box("#4a3a5c", 40, 150, 240, 30)
    return c


def concert(choir: bool = False) -> Canvas:
    c = Canvas("#17324a")
    c.hill("#22496b", (0, 62), (90, 36), (160, 30), (230, 36), (320, 62))
    for x, y, size in ((260, 40, 3), (40, 30, 2), (160, 16, 2.5), (96, 18, 1.5), (222, 18, 1.8)):
        c.disc("#ffffff", x, y, size)
    if choir:
        for row, y in enumerate((104, 124)):
            for n in range(6 + row):
                middle = 160 + (n - (5 + row) / 2) * 32
                c.disc("#e3b48f", middle, y - 12, 8)
                c.box("#d9a441" if (n + row) % 2 else "#c4553f", middle - 12, y - 3, 24, 46, 10)
    else:
        for x in (110, 212):
            c.oval("#d9a441", x, 132, 30, 34)
            c.oval("#d9a441", x, 96, 22, 24)
            c.disc("#17324a", x, 122, 9)
            c.box("#f3e6c8", x - 2, 34, 4, 100)
            c.boxes("#8a5a2a", [(x - 8, 28, 16, 8), (x - 12, 140, 24, 4)])
    c.box("#0e2234", 0, 150, 320, 30)
    c.boxes("#2c4e6b", [(x, 156, 26, 4) for x in range(10, 310, 38)])
    return c


def library(reader: bool = False) -> Canvas:
    c = Canvas("#ece4da")
    colours = ("#2f5d7c", "#b9472f", "#3f7d5c", "#d9a441", "#5c4a72", "#7a8b95")
    for shelf, floor in enumerate((88, 156)):
        c.box("#b99a74", 20, floor - 68, 280, 8)
        x: float = 32
        n = shelf * 3
        while x < 276:
            width, height = 10 + (n * 7) % 9, 40 + (n * 11) % 18
            c.box(colours[n * 5 % 6], x, floor - height, width, height)
            c.box("#ffffff38", x + 2, floor - height + 8, width - 4, 3)
            x, n = x + width + (2 if n % 4 else 9), n + 1
        c.box("#b99a74", 20, floor, 280, 8)
    if reader:
        c.disc("#d9b08c", 214, 100, 13)
        c.box("#2d6a4f", 192, 114, 44, 66, 16)
        c.shape("#ffffff", (176, 132), (206, 140), (206, 164), (176, 156))
        c.shape("#f0ead9", (206, 140), (236, 132), (236, 156), (206, 164))
    return c


def museum() -> Canvas:
    c = Canvas("#e9e4ef")
    c.shape("#c9c2b4", (60, 62), (160, 18), (260, 62))
    c.shape("#b4ab9a", (84, 56), (160, 24), (236, 56))
    c.box("#d8d2c4", 58, 62, 204, 10)
    for x in (72, 108, 144, 180, 216, 240):
        c.box("#efeae0", x, 74, 14, 66)
        c.box("#d8d2c4", x - 3, 72, 20, 4)
    c.box("#5d5470", 146, 96, 28, 44)
    for n, y in enumerate((140, 149, 158)):
        c.box(("#d8d2c4", "#c9c2b4", "#b4ab9a")[n], 50 - n * 10, y, 220 + n * 20, 9)
    c.box("#a79fb4", 0, 167, 320, 13)
    c.box("#b9472f", 24, 70, 20, 56)
    c.box("#2f5d7c", 276, 70, 20, 56)
    return c


def works(cold: bool = False) -> Canvas:
    c = Canvas("#e6e9e4")
    c.shape("#7d8f96", (30, 150), (30, 90), (76, 64), (76, 90), (122, 64), (122, 90), (168, 64), (168, 150))
    c.box("#7d8f96", 160, 100, 120, 50)
    c.boxes("#5c6c73", [(214, 40, 18, 110), (248, 62, 16, 88)])
    c.boxes("#c46a4a", [(214, 46, 18, 6), (214, 60, 18, 6)])
    c.boxes("#aab4b6" if cold else "#e9d28b", [(46, 108, 22, 16), (92, 108, 22, 16), (138, 108, 22, 16)])
    c.box("#b9c2bd", 0, 150, 320, 30)
    if not cold:
        for x, y, size in ((230, 26, 10), (246, 18, 13), (266, 12, 15)):
            c.disc("#ffffff", x, y, size)
    return c


def halls() -> Canvas:
    c = Canvas("#dde7ec")
    c.hill("#a9c08c", (0, 118), (120, 108), (320, 116))
    for x, wall, door in (
        (20, "#c9d0d3", "#2f5d7c"),
        (122, "#b9c3c7", "#b9472f"),
        (224, "#d3d8d6", "#3f7d5c"),
    ):
        c.box(wall, x, 82, 88, 68)
        c.shape("#6c7a80", (x - 4, 84), (x + 44, 66), (x + 92, 84))
        c.box(door, x + 12, 108, 28, 42)
        c.boxes("#8fa6b0", [(x + 50, 100, 12, 12), (x + 68, 100, 12, 12)])
    c.box("#e0b13f", 178, 20, 4, 64)
    c.box("#e0b13f", 140, 24, 110, 4)
    c.line("#555555", 1, (234, 28), (234, 56))
    c.box("#8f9aa0", 0, 150, 320, 30)
    c.boxes("#ffffff", [(x, 164, 18, 2) for x in range(6, 320, 36)])
    return c


def workshop() -> Canvas:
    c = Canvas("#efe6d8")
    c.box("#d3c3a6", 0, 0, 320, 104)
    for x in range(0, 320, 20):
        c.box("#c6b493", x, 0, 1, 104)
    c.box("#8a5f3a", 24, 112, 272, 12, 2)
    c.boxes("#6e4a2c", [(44, 124, 14, 56), (262, 124, 14, 56)])
    c.box("#7d8a90", 60, 30, 6, 52, 2)
    c.box("#4b565c", 50, 26, 26, 12, 2)
    c.shape("#b8c2c6", (104, 34), (176, 34), (176, 44), (104, 58))
    c.box("#8c3f2f", 176, 30, 24, 18, 5)
    c.arc("#4b565c", 244, 50, 20, 20, 40, 320, 7)
    c.box("#4b565c", 262, 46, 34, 8, 3)
    c.box("#d9a441", 84, 98, 70, 14, 1)
    c.box("#c48f3a", 110, 86, 60, 12, 1)
    c.box("#2f5d7c", 220, 88, 40, 24, 3)
    c.box("#24485f", 232, 82, 16, 8, 2)
    return c


def wind(sea: bool = False) -> Canvas:
    c = Canvas("#dfeaf2")
    if sea:
        c.box("#8fb3c4", 0, 118, 320, 62)
        c.boxes("#ffffff55", [(20, 134, 60, 2), (140, 146, 80, 2), (230, 130, 50, 2), (60, 162, 90, 2)])
    else:
        c.hill("#9dbb7f", (0, 124), (90, 104), (180, 116), (320, 104))
        c.hill("#7da163", (0, 150), (160, 138), (320, 156))
    turbines = (
        ((80, 60), 132, ((62, 26), (76, 98), (114, 46))),
        ((176, 44), 126, ((146, 22), (168, 84), (214, 46))),
        ((262, 70), 124, ((254, 40), (244, 94), (290, 76))),
    )
    for hub, foot, tips in turbines:
        c.line("#ffffff", 4.4, hub, (hub[0], foot))
        for tip in tips:
            c.line("#ffffff", 4, hub, tip)
        c.disc("#d5dde2", *hub, 3.4)
    return c


def field(sown: bool = False) -> Canvas:
    c = Canvas("#e6eef0" if sown else "#f4e3c3")
    c.disc("#f6e3b4" if sown else "#e9a84c", 70, 58, 24)
    ground, furrow = ("#8a6a48", "#745739") if sown else ("#c98f3f", "#a9722c")
    c.box(ground, 0, 96, 320, 84)
    for x in (-240, -140, -40, 60, 160, 260, 360, 460, 560):
        c.line(furrow, 4, (160 + (x - 160) * 0.16, 97), (x, 182))
    c.shape("#5d7a45", (0, 90), (80, 80), (160, 86), (240, 88), (320, 82), (320, 98), (0, 98))
    c.box("#7a3b2a", 232, 56, 44, 34)
    c.shape("#532619", (226, 58), (254, 38), (282, 58))
    c.box("#f3ead9", 248, 70, 12, 20)
    return c


def village_shop() -> Canvas:
    c = Canvas("#e5eef2")
    c.hill("#b3cc96", (0, 124), (140, 112), (320, 122))
    c.box("#b4694a", 84, 66, 152, 88)
    c.shape("#5a3a2f", (74, 68), (118, 28), (202, 28), (246, 68))
    c.box("#f3ead9", 98, 96, 52, 40, 1)
    c.box("#8fb3c4", 101, 99, 46, 34)
    c.boxes("#d9a441", [(106, 120, 8, 13), (118, 114, 8, 19), (130, 122, 10, 11)])
    c.box("#3f7d5c", 172, 98, 26, 56, 1)
    c.disc("#d9a441", 192, 128, 2)
    for n in range(7):
        c.box("#ffffff" if n % 2 else "#2d6a4f", 94 + n * 8.6, 86, 8.6, 10)
    c.box("#2d6a4f", 206, 80, 24, 16, 2)
    c.box("#8f9a84", 0, 154, 320, 26)
    c.disc("#5f8f55", 40, 118, 24)
    c.box("#6b5138", 37, 130, 6, 26)
    return c


def fibre() -> Canvas:
    c = Canvas("#dfe6ea")
    c.box("#8a6a48", 0, 96, 320, 84)
    c.box("#7a7f83", 0, 88, 320, 12)
    c.shape("#5f4830", (70, 100), (250, 100), (236, 156), (84, 156))
    for n, colour in enumerate(("#e0702f", "#2f8f6c", "#3f6fae", "#d9b23f")):
        y = 122 + n * 8
        c.line(colour, 4, (-4, y), (96, y), (160, y + 6), (226, y), (324, y - 2))
    c.box("#c9862c", 24, 48, 40, 40, 2)
    c.shape("#ffffff", (24, 58), (34, 48), (44, 48), (24, 68))
    c.shape("#ffffff", (44, 88), (64, 68), (64, 78), (54, 88))
    c.box("#9aa6ac", 244, 34, 50, 54, 3)
    c.box("#b9c3c7", 249, 39, 18, 44, 1)
    c.box("#b9c3c7", 270, 39, 18, 44, 1)
    return c


def playground() -> Canvas:
    c = Canvas("#e4f0ee")
    c.disc("#f6dc8f", 276, 36, 18)
    c.hill("#a9cf8f", (0, 128), (160, 116), (320, 130))
    c.line("#b9472f", 5, (60, 146), (84, 56), (108, 146))
    c.line("#b9472f", 5, (176, 146), (200, 56), (224, 146))
    c.line("#b9472f", 5, (84, 56), (200, 56))
    for x in (122, 160):
        c.line("#5d656b", 1.6, (x - 8, 58), (x - 8, 118))
        c.line("#5d656b", 1.6, (x + 8, 58), (x + 8, 118))
        c.box("#2f5d7c", x - 12, 117, 24, 5, 2)
    c.shape("#d9a441", (238, 78), (250, 78), (302, 150), (286, 150))
    c.boxes("#5d656b", [(236, 78, 3, 72), (248, 78, 3, 60)])
    c.box("#e6d2a4", 0, 150, 320, 30)
    return c


def handball() -> Canvas:
    c = Canvas("#d8dfe4")
    c.box("#c98f5a", 0, 96, 320, 84)
    c.arc("#f3ead9", 60, 130, 110, 70, 280, 440, 3)
    c.boxes("#b8c3ca", [(0, 20, 320, 10), (0, 40, 320, 10), (0, 60, 320, 10)])
    for n in range(26):
        c.disc(("#2d6a4f", "#b9472f", "#5c4a72", "#8a7148")[n * 7 % 4], 10 + n * 12.4, 34 + n % 3 * 18, 4)
    for x in (18, 78):
        c.box("#b9472f", x, 66, 5, 66)
    c.box("#b9472f", 18, 66, 65, 5)
    for n in range(1, 9):
        c.box("#ffffffaa", 22 + n * 6.4, 72, 0.8, 58)
        c.box("#ffffffaa", 23, 70 + n * 6.6, 55, 0.8)
    c.disc("#d9b08c", 214, 62, 9)
    c.line("#2d6a4f", 15, (214, 82), (206, 110))
    c.line("#d9b08c", 6, (214, 78), (240, 56))
    c.line("#1f2d3a", 8, (204, 116), (186, 148))
    c.line("#1f2d3a", 8, (206, 116), (232, 144))
    c.disc("#e9d28b", 246, 48, 8)
    return c
