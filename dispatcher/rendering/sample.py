"""A mail to look at while a template is made: sample blocks of every kind, in the words of the tenant's language."""

from datetime import timedelta
from typing import Any

from babel.dates import format_date

from dispatcher.rendering import looks, parts, render
from domain import clock
from domain.content.models import Article
from domain.issues import blocks as content
from domain.issues.models import Block, BlockKind, BlockTemplate
from domain.tenancy import settings as tenant_settings
from domain.tenancy.models import Tenant
from mediadb import library
from mediadb.models import Asset

TEXTS: dict[str, dict[str, str]] = {
    "de": {
        "name": "Stadtnachrichten", "hello": "<p>Guten Tag, Frau Brandt,</p><p>so sieht eine Mail mit dieser Vorlage "
        "aus: Einleitung, Artikel, Zitat, Termin und Fuß.</p>",
        "first": "Neue Spuren für Räder in der Südstadt", "first_kicker": "Verkehr",
        "first_teaser": "Ab Montag haben zwei Räder nebeneinander Platz. Die Parkplätze ziehen in die Nebenstraßen.",
        "second": "Das Hallenbad öffnet früher", "second_kicker": "Sport",
        "second_teaser": "Wer vor der Arbeit schwimmt, kommt künftig schon um sechs Uhr hinein.",
        "quote": "Ein gutes Blatt erkennt man daran, dass man es zu Ende liest.", "by": "Ines Hartung",
        "role": "Leserin", "event": "Lesung in der Bibliothek", "place": "Stadtbibliothek, Saal 2",
        "button": "Alle Artikel der Woche", "reader": "m.brandt@posteo.example",
    },
    "en": {
        "name": "City News", "hello": "<p>Dear Ms Brandt,</p><p>this is how a mail with this template looks: "
        "introduction, articles, quote, event and foot.</p>",
        "first": "New lanes for bicycles in the south", "first_kicker": "Traffic",
        "first_teaser": "From Monday two bicycles fit side by side. The parking moves to the side streets.",
        "second": "The indoor pool opens earlier", "second_kicker": "Sports",
        "second_teaser": "Whoever swims before work gets in from six o'clock.",
        "quote": "A good paper is one that you read to the end.", "by": "Ines Hartung", "role": "Reader",
        "event": "Reading at the library", "place": "City library, room 2", "button": "All articles of the week",
        "reader": "m.brandt@posteo.example",
    },
}  # fmt: skip
LINK = "https://www.example.org/"


def page(tenant: Tenant, look: looks.Look, base_url: str) -> str:
    """The HTML of the sample mail in a look; its links lead nowhere."""
    texts = TEXTS[_language(tenant)]
    pictures = library.some_pictures(tenant.id, 2)
    return _page(tenant, look, base_url, _blocks(texts), _articles(texts, pictures), pictures)


def of_blocks(tenant: Tenant, look: looks.Look, base_url: str, template: BlockTemplate) -> str:
    """The HTML of a mail that holds nothing but the blocks of a template, placeholders as they are written; the
    template may be another tenant's."""
    shown = [
        Block(id=n, kind=kind, data=data | {"calendar": "no"}, segment_id=None)
        for n, (kind, data) in enumerate(template.parts, 1)
    ]
    ids = {asset_id for block in shown for asset_id in content.assets(block.data)}
    pictures = library.many(template.tenant_id, sorted(ids)).values()
    return _page(tenant, look, base_url, shown, {}, list(pictures))


def _language(tenant: Tenant) -> str:
    language = str(tenant_settings.effective(tenant)["language"])
    return language if language in TEXTS else "de"


def _page(
    tenant: Tenant, look: looks.Look, base_url: str, shown: list[Block], articles: dict[int, Article],
    pictures: list[Asset],
) -> str:  # fmt: skip
    effective = tenant_settings.effective(tenant)
    language = _language(tenant)
    texts, words = TEXTS[language], dict(render.WORDS[language])
    same = lambda text: text or ""  # noqa: E731 - a sample shows what is written, nothing is filled
    setting = parts.Setting(
        tenant, base_url, language, words, look.design, articles, {a.id: a for a in pictures}, same, same
    )
    values: dict[str, Any] = {
        "language": language, "name": texts["name"], "preheader": "", "masthead": texts["name"],
        "blocks": parts.of(shown, setting),
        "dateline": f"Nr. 12 · {format_date(clock.now(), words['date'], locale=language)}",
        "urls": dict.fromkeys(("web", "unsubscribe", "preferences"), "#"),
        "words": {**words, "reason": words["reason"].replace("[E-Mail]", texts["reader"]) % texts["name"]},
        "imprint": [line for line in str(effective["imprint"]).splitlines() if line.strip()] or [tenant.name],
        **looks.values(look, base_url, same),
    }  # fmt: skip
    return render.page_of(values, look, base_url)


def _articles(texts: dict[str, str], pictures: list[Asset]) -> dict[int, Article]:
    found = {}
    for number, key in enumerate(("first", "second"), 1):
        found[number] = Article(
            id=number, title=texts[key], teaser=texts[f"{key}_teaser"], category=texts[f"{key}_kicker"], body="",
            link_url=LINK, asset_id=pictures[number - 1].id if len(pictures) >= number else None, asset_alt="",
        )  # fmt: skip
    return found


def _blocks(texts: dict[str, str]) -> list[Block]:
    day = (clock.now() + timedelta(days=9)).date()
    event = {"starts": f"{day}T19:30", "url": LINK, "calendar": "no"}
    kinds: list[tuple[BlockKind, int | None, dict[str, Any]]] = [
        (BlockKind.INTRO, None, {"html": texts["hello"]}),
        (BlockKind.ARTICLE, 1, {"layout": "top"}),
        (BlockKind.ARTICLE, 2, {"layout": "left"}),
        (BlockKind.QUOTE, None, {"quote": texts["quote"], "by": texts["by"], "role": texts["role"]}),
        (BlockKind.EVENT, None, {**event, "title": texts["event"], "place": texts["place"]}),
        (BlockKind.BUTTON, None, {"label": texts["button"], "url": LINK}),
    ]  # fmt: skip
    return [
        Block(id=n, kind=kind, article_id=article_id, data=data, segment_id=None)
        for n, (kind, article_id, data) in enumerate(kinds, 1)
    ]
