"""Compiled mails of every build, with names, values and files that are hard to carry; the same ones in every run."""

import random
from collections.abc import Iterator
from dataclasses import replace

from dispatcher.message.compiled import Compiled, Recipient
from dispatcher.message.compose import MessageSource, compile_message
from tests.dispatcher.test_compose import DATE, SOURCE

NAMES = (
    "Anna Köln", "", "Łukasz „Łuk“ Żółć", "O'Neill, Pat (Büro)", "李小龍", "=?utf-8?q?kein_Name?=", "Zoë 🚲",
    "Freiherr von und zu Hohen-Aschersleben auf Groß Wendischthun an der Elbe",
)  # fmt: skip
VALUES = (
    "Änne",
    "",
    "a  b",
    " .",
    "x=3D",
    "tab\there",
    "Straße " * 30,
    '"<&>"',
    "\u2028",
    "😀" * 40,
    "From hier",
)
FILES = (
    ("Plan.pdf", "application/pdf"), ("Preisliste für März 2026 – endgültige Fassung.pdf", "application/pdf"),
    ("a b.txt", "text/plain"), ("Łódź 100 %.csv", "text/csv"), ("表.zip", "application/zip"),
    ("o'clock (2).png", "image/png"),
)  # fmt: skip
PLAIN = (
    SOURCE.plain + "\n\n  eingerückt\tmit Tabulator\nEnde mit Leerzeichen \n" + "lang und länger " * 90 + "\n"
)


def sources(chance: random.Random) -> list[MessageSource]:
    """A mail of each build: text and HTML alone, with pictures, with files, with both."""
    pictures = tuple(
        (f"bild-{n}@nord.example", name, "image/png", chance.randbytes(800))
        for n, name in enumerate(("Logo.png", "Titelbild – groß.png"))
    )
    shown = SOURCE.html + "".join(f'<img src="cid:{cid}">' for cid, *_ in pictures)
    files = tuple((name, kind, chance.randbytes(chance.randrange(1, 4000))) for name, kind in FILES)
    odd = replace(SOURCE, plain=PLAIN, html=f"<pre>{PLAIN}</pre>\n", subject="Grüße [Vorname|an Sie], " * 8)
    owned = replace(
        SOURCE, list_help="https://n.example/n/nord", list_owner="mailto:post@n.example",
        headers=(("Auto-Submitted", "auto-generated"),),
    )  # fmt: skip
    return [
        SOURCE, replace(odd, reply_to=None), replace(owned, attachments=files[:1]),
        replace(SOURCE, html=shown, inline=pictures), replace(odd, html=shown, inline=pictures, attachments=files),
        replace(owned, attachments=((*files[1][:2], bytes(range(256)) * 9), *files[2:])),
    ]  # fmt: skip


def letters(count: int) -> Iterator[tuple[MessageSource, Compiled, Recipient]]:
    """What the mail was made of, the compiled message, and who gets it."""
    chance = random.Random(7)
    made = [
        (s, compile_message(s, date=DATE, boundary_seed=b"%d" % n)) for n, s in enumerate(sources(chance))
    ]
    for number in range(1, count + 1):
        values = {"Vorname": chance.choice(VALUES), "Ort": chance.choice(VALUES)}
        address = chance.choice((f"p{number}@x.example", f"p{number}@bücher.example"))
        yield *made[number % len(made)], (number, address, chance.choice(NAMES), values, f"{number:028x}")
