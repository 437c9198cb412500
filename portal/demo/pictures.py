"""The media of the demo house: drawn by the program, kept by the media library; a document among them."""

# ruff: noqa: E501 - a table: one picture per line

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

from mediadb import imaging, library
from mediadb.models import Asset
from portal.demo import leaflet
from portal.demo import motifs_city as city
from portal.demo import motifs_land as land
from portal.demo.canvas import Canvas


@dataclass(frozen=True)
class Plate:
    """A picture before it is drawn; `variant` is the keyword that turns its motif into another one."""

    folder: str
    title: str
    alt: str
    draw: Callable[..., Canvas]
    variant: dict[str, bool] = field(default_factory=dict)


PLATES: dict[str, dict[str, Plate]] = {
    "lindenhof": {
        "bridge": Plate("Stadt", "Leinebrücke von Süden", "Die Leinebrücke mit ihren roten Bögen von Süden gesehen", city.bridge),
        "bridge_evening": Plate("Stadt", "Leinebrücke am Abend", "Die Leinebrücke vor der untergehenden Sonne", city.bridge, {"evening": True}),
        "market": Plate("Stadt", "Wochenmarkt am Samstag", "Zwei Marktstände mit Obst vor alten Giebelhäusern", city.market),
        "market_busy": Plate("Stadt", "Flohmarkt am Abend", "Drei Stände, davor Menschen beim Stöbern", city.market, {"busy": True}),
        "tram": Plate("Stadt", "Linie 12 am Tag", "Eine grüne Straßenbahn in der Innenstadt", city.tram),
        "tram_night": Plate("Stadt", "Linie 12 am Abend", "Eine Straßenbahn mit hellen Fenstern bei Nacht", city.tram, {"night": True}),
        "houses": Plate("Stadt", "Häuserzeile Calenberger Neustadt", "Vier schmale Häuser nebeneinander", city.houses),
        "houses_scaffold": Plate("Stadt", "Gerüst in der Marktstraße", "Eine Häuserzeile, ein Haus ist eingerüstet", city.houses, {"scaffold": True}),
        "town_hall": Plate("Stadt", "Neues Rathaus", "Das Rathaus mit seinem Uhrturm", city.town_hall),
        "town_hall_flags": Plate("Stadt", "Neues Rathaus, beflaggt", "Das Rathaus, links und rechts wehen Fahnen", city.town_hall, {"flags": True}),
        "church": Plate("Stadt", "Kreuzkirche", "Eine Kirche aus Backstein mit spitzem Turm", city.church),
        "cycle_path": Plate("Stadt", "Radweg Geibelstraße", "Ein rotes Fahrrad auf einem grün markierten Radweg", city.cycle_path),
        "cargo_bike": Plate("Wirtschaft", "Lastenrad", "Ein Lastenrad mit gelber Kiste auf einem Radweg", city.cycle_path, {"cargo": True}),
        "park": Plate("Stadt", "Stadtpark", "Ein Weg führt zwischen hohen Bäumen zu einer Bank", city.park),
        "playground": Plate("Stadt", "Spielplatz", "Eine Schaukel mit zwei leeren Plätzen, daneben eine Rutsche", land.playground),
        "pool": Plate("Stadt", "Hallenbad Ost", "Zwei Menschen schwimmen in ihren Bahnen", city.pool),
        "handball": Plate("Stadt", "Handball, Oberliga", "Eine Spielerin wirft im Sprung auf das Tor", land.handball),
        "theatre": Plate("Kultur", "Stadttheater, leere Bühne", "Eine Person allein auf der Bühne im Licht eines Scheinwerfers", land.theatre),
        "theatre_full": Plate("Kultur", "Stadttheater, Ensemble", "Drei Personen auf der Bühne vor rotem Vorhang", land.theatre, {"full": True}),
        "concert": Plate("Kultur", "Zwei Gitarren", "Zwei Gitarren auf einer Bühne unter Sternen", land.concert),
        "choir": Plate("Kultur", "Chor in der Kreuzkirche", "Ein Chor in zwei Reihen bei einem Konzert", land.concert, {"choir": True}),
        "library": Plate("Kultur", "Stadtbibliothek, Lesesaal", "Zwei Regale voller Bücher", land.library),
        "library_reader": Plate("Kultur", "Stadtbibliothek, Leserin", "Eine Person liest vor Bücherregalen", land.library, {"reader": True}),
        "museum": Plate("Kultur", "Museum am Hohen Ufer", "Ein Gebäude mit Säulen und breiter Treppe", land.museum),
        "works": Plate("Wirtschaft", "Kraftwerk Herrenhausen", "Ein Kraftwerk mit zwei Schornsteinen, aus einem steigt Dampf", land.works),
        "works_cold": Plate("Wirtschaft", "Kraftwerk Herrenhausen, abgeschaltet", "Ein Kraftwerk mit dunklen Fenstern und ohne Rauch", land.works, {"cold": True}),
        "halls": Plate("Wirtschaft", "Gewerbegebiet Nord", "Drei neue Hallen, dahinter ein Kran", land.halls),
        "workshop": Plate("Wirtschaft", "Werkbank", "Eine Werkbank, darüber hängen Hammer und Säge", land.workshop),
        "wind": Plate("Wirtschaft", "Windräder im Hügelland", "Drei Windräder auf grünen Hügeln", land.wind),
        "fibre": Plate("Wirtschaft", "Glasfaser im Graben", "Bunte Leerrohre in einem offenen Graben", land.fibre),
    },
    "suedpost": {
        "field": Plate("Land und Hof", "Stoppelfeld bei Bücken", "Ein abgeerntetes Feld mit einem Hof am Horizont", land.field),
        "field_sown": Plate("Land und Hof", "Frisch gesäter Acker", "Ein dunkler Acker mit Furchen, dahinter ein Hof", land.field, {"sown": True}),
        "village_shop": Plate("Land und Hof", "Dorfladen Bücken", "Ein kleiner Laden mit gestreifter Markise", land.village_shop),
        "wind_sea": Plate("Land und Hof", "Windpark an der Weser", "Drei Windräder hinter einer weiten Wasserfläche", land.wind, {"sea": True}),
    },
}  # fmt: skip
# key → folder, file, title, what makes it for a day
Document = tuple[str, str, str, Callable[[date], bytes]]
DOCUMENTS: dict[str, dict[str, Document]] = {
    "lindenhof": {
        "detour": ("Stadt", "umleitung-leinebruecke.pdf", "Umleitung Leinebrücke (Karte)", leaflet.detour)
    },
    "suedpost": {},
}
CREDIT = "Illustration: Verlag Lindenhof"
EMPTY_FOLDERS = {"lindenhof": ("Redaktion",), "suedpost": ()}
AT_ONCE = 2  # decoders run as processes of their own

Drawn = dict[str, imaging.Picture]


def draw_all() -> Drawn:
    """Every picture, drawn and scaled; before the transaction, since this is what takes time."""
    plates = {key: plate for found in PLATES.values() for key, plate in found.items()}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(plates, pool.map(_drawn, plates.values()), strict=True))


def keep(slug: str, tenant_id: int, user_id: int, drawn: Drawn, today: date) -> dict[str, Asset]:
    """Put the pictures and documents of a tenant into its folders, described and credited."""
    plates = PLATES[slug]
    names = sorted({plate.folder for plate in plates.values()} | set(EMPTY_FOLDERS[slug]))
    folders = {name: library.make_folder(tenant_id, name) for name in names}
    kept = {}
    for key, plate in plates.items():
        filename = f"{key.replace('_', '-')}.jpg"
        asset = library.keep(tenant_id, user_id, filename, drawn[key], folders[plate.folder].id, plate.alt)
        library.describe(asset, plate.title, plate.alt, CREDIT)
        kept[key] = asset
    for key, (folder, filename, title, made) in DOCUMENTS[slug].items():
        kept[key] = library.upload(tenant_id, user_id, filename, made(today), folders[folder].id)
        library.describe(kept[key], title, "", CREDIT)
    return kept


def _drawn(plate: Plate) -> imaging.Picture:
    return imaging.process(plate.draw(**plate.variant).jpeg())
