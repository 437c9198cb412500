"""Every kind of block in the mail: in its HTML, in its text part, and for some people only."""

import email
import email.policy
import json

import pytest
from lxml import html

from dispatcher import clearance, preview
from dispatcher.message.compiled import Compiled
from dispatcher.rendering import parts, render
from domain.campaigns import planning, snapshot
from domain.content import stylesheet
from domain.errors import Conflict, Invalid
from domain.issues import assembly, blocks, design, mailtemplates
from domain.issues.models import Block, BlockKind, Issue, IssueRevision
from domain.issues.starters import STARTERS
from domain.ledger.models import DeliveryPayload
from domain.segments.models import Segment
from domain.subscribers.models import NewsletterType
from tests import mailings
from tests import world as worlds

FILLED = {
    BlockKind.INTRO: {"html": "<p>Hallo [Vorname|Sie]</p>"},
    BlockKind.TEXT: {"html": '<h2>Zwischentitel</h2><p>Ein <a href="https://a.example/x">Link</a>.</p>'},
    BlockKind.TOC: {"title": "Heute drin"},
    BlockKind.BUTTON: {"label": "Zum Plan", "url": "https://a.example/plan", "align": "center"},
    BlockKind.DIVIDER: {"style": "line"},
    BlockKind.COLUMNS: {
        "split": "three", "html_1": "<p>Links</p>", "html_2": "<p>Mitte</p>", "html_3": "<p>Rechts</p>",
        "label_2": "Öffnen", "url_2": "https://a.example/mitte",
    },
    BlockKind.QUOTE: {"quote": "Wer umsteigt,\nwartet.", "by": "Meike Hansen", "role": "Fahrgastrat"},
    BlockKind.EVENT: {
        "title": "Konzert", "starts": "2026-12-05T19:30", "ends": "2026-12-05 21:00", "place": "Marktkirche",
        "url": "https://a.example/karten", "label": "Karten",
    },
    BlockKind.SOCIAL: {"title": "Folgen", "link_mastodon": "https://m.example/@nord"},
    BlockKind.HTML: {"source": '<table width="100%"><tr><td style="color:#b00020">Eigenes</td></tr></table>'},
}  # fmt: skip
SEEN = {  # kind → (in the HTML, in the text part)
    BlockKind.INTRO: ("Hallo", "Hallo Marlies"),
    BlockKind.TEXT: ("Zwischentitel", "Ein Link <https://a.example/x>."),
    BlockKind.TOC: ("Heute drin", "Heute drin\n- Leinebrücke: neun Monate Umweg"),
    BlockKind.BUTTON: ('href="https://a.example/plan"', "Zum Plan: https://a.example/plan"),
    BlockKind.DIVIDER: ("border-top:1px solid", "* * *"),
    BlockKind.COLUMNS: ("Mitte", "Links\n\nMitte\n\nÖffnen: https://a.example/mitte\n\nRechts"),
    BlockKind.QUOTE: ("Wer umsteigt,<br>wartet.", "> Wer umsteigt,\n> wartet.\n\n– Meike Hansen, Fahrgastrat"),
    BlockKind.EVENT: (
        "Saturday 5 December 2026, 19:30–21:00",
        "Konzert\nSaturday 5 December 2026, 19:30–21:00\nMarktkirche\n\nKarten: https://a.example/karten",
    ),
    BlockKind.SOCIAL: ("Mastodon", "Folgen\nMastodon: https://m.example/@nord"),
    BlockKind.HTML: ("Eigenes", "Eigenes"),
}  # fmt: skip


@pytest.fixture
def world(database: str) -> worlds.World:
    return worlds.build()


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    return mailings.issue(world)


def put(issue: Issue, kind: BlockKind, **data: object) -> Block:
    made = assembly.add(issue, kind)
    assembly.edit(issue, made, data or dict(FILLED[kind]))
    return made


def both(world: worlds.World, issue: Issue) -> tuple[str, str]:
    mail = preview.message(world.north, issue, mailings.BASE_URL)
    return preview.part(mail, "html"), preview.part(mail, "plain").replace("\r\n", "\n")


@pytest.mark.parametrize("kind", FILLED)
def test_a_block_is_seen_in_both_parts_of_the_mail(
    world: worlds.World, issue: Issue, kind: BlockKind
) -> None:
    put(issue, kind)
    shown, plain = both(world, issue)
    assert SEEN[kind][0] in shown
    assert SEEN[kind][1] in plain
    assert [f for f in clearance.preflight(world.north, issue, mailings.BASE_URL)[0] if f.error] == []


@pytest.mark.parametrize("kind", blocks.PLAIN)
def test_a_new_block_of_any_kind_can_be_shown_and_says_what_it_lacks(
    world: worlds.World, issue: Issue, kind: BlockKind
) -> None:
    made = assembly.add(issue, kind)
    both(world, issue)
    found = [
        f
        for f in clearance.preflight(world.north, issue, mailings.BASE_URL)[0]
        if f.error and f.block_id == made.id
    ]
    wanting = (BlockKind.BUTTON, BlockKind.QUOTE, BlockKind.EVENT, BlockKind.SOCIAL)
    assert bool(found) == (kind in wanting)


def test_the_table_of_contents_leads_to_the_articles_in_their_order(
    world: worlds.World, issue: Issue
) -> None:
    second = assembly.add_article(issue, mailings.article(world, "Zwölf Stände").id)
    put(issue, BlockKind.TOC)
    root = html.document_fromstring(both(world, issue)[0])
    links = [(a.text, a.get("href")) for a in root.iter("a") if a.get("href", "").startswith("#")]
    assert [text for text, _ in links] == ["Leinebrücke: neun Monate Umweg", "Zwölf Stände"]
    assert links[1][1] == f"#b{second.id}"
    assert all(root.xpath(f"//*[@id='{href[1:]}']") for _, href in links)


@pytest.mark.parametrize(("extent", "whole"), [("auto", True), ("teaser", False), ("full", True)])
def test_an_article_stands_there_as_teaser_or_in_full(
    world: worlds.World, issue: Issue, extent: str, whole: bool
) -> None:
    block = next(b for b in assembly.blocks(issue) if b.article_id)
    assembly.edit(issue, block, {"extent": extent})
    for shown in both(world, issue):
        assert ("Ab Montag." in shown) == whole
        assert "Die Linien 4 und 12 fahren anders." in shown


def test_pictures_inside_of_articles_have_a_whole_address(world: worlds.World, issue: Issue) -> None:
    body = '<p><img src="/media/AAAAAAAAAAAAAAAAAAAAAA/mail600" alt="x"></p>'
    assembly.add_article(issue, mailings.article(world, "Mit Bild", body=body).id)
    assert f'src="{mailings.BASE_URL}/media/AAAAAAAAAAAAAAAAAAAAAA/mail600"' in both(world, issue)[0]


@pytest.mark.parametrize(
    ("kind", "data", "field"),
    [
        (BlockKind.EVENT, {"starts": "morgen"}, "starts"),
        (BlockKind.EVENT, {"starts": "2026-12-05T19:30", "ends": "2026-12-04"}, "ends"),
        (BlockKind.EVENT, {"starts": "2026-02-30"}, "starts"),
        (BlockKind.SOCIAL, {"link_x": "javascript:alert(1)"}, "link_x"),
        (BlockKind.COLUMNS, {"url_1": "javascript:alert(1)"}, "url_1"),
        (BlockKind.COLUMNS, {"html_2": "<p>[Vornahme]</p>"}, "html_2"),
        (BlockKind.PICTURE, {"url": "data:text/html,x"}, "url"),
    ],
)
def test_what_a_block_cannot_hold_is_refused_at_its_field(
    issue: Issue, kind: BlockKind, data: dict[str, str], field: str
) -> None:
    made = assembly.add(issue, kind)
    with pytest.raises(Invalid) as refused:
        assembly.edit(issue, made, data)
    assert list(refused.value.fields) == [field]
    assert not assembly.block(issue, made.id).data.get(field)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>", '<p onclick="a()">x</p>', '<a href="javascript:a()">x</a>',
        "<iframe src=x></iframe>",
        '<td style="background:url(http://x.example/p)">x</td>', '<img src="http://x.example/p.png">',
        "<style>@import url(http://x.example)</style>", "<!--if:1-->x<!--end-->", "<form action=x><input></form>",
        "<svg><script>a()</script></svg>",
        '<p style="color:re)d;x:}">x</p>', '<p style="]color:red;;:">x</p>',
        '<p style="position:fixed;behavior:url(x)">x</p>', "{{token}}",
        "<!--[if mso]><script>a()</script><![endif]-->",
    ],
)  # fmt: skip
def test_hostile_html_of_ones_own_does_not_survive(world: worlds.World, issue: Issue, hostile: str) -> None:
    made = put(issue, BlockKind.HTML, source=f"<p>ok</p>{hostile}")
    shown = render.render(world.north, issue, mailings.BASE_URL).source.html
    for trace in (
        "<script",
        "onclick",
        "javascript:",
        "<iframe",
        "x.example",
        "<form",
        "<svg",
        "fixed",
        "<!--",
    ):
        assert trace not in shown
    assert shown.count("{{token}}") == 3, "only our own links carry the token"
    source = assembly.block(issue, made.id).data["source"]
    assembly.edit(issue, made, {"source": source})
    assert assembly.block(issue, made.id).data["source"] == source, "cleaning twice changes nothing"


def test_only_people_of_its_segment_get_a_block(world: worlds.World, issue: Issue) -> None:
    mailings.everybody(world)
    query = {"match": "all", "rules": [{"field": "person:first_name", "op": "is", "value": ["Anna"]}]}
    segment = Segment.create(
        tenant_id=world.north.id, name="Annas", query=query, created_by_id=world.editor.id
    )
    for text in ("Nur für Annas, mit Umlaut: äöü. " * 4, "Noch etwas für Annas"):
        block = put(issue, BlockKind.TEXT, html=f"<p>{text}</p>")
        assembly.only_for(issue, block, segment.id)
    put(issue, BlockKind.TEXT, html="<p>Für alle</p>")
    campaign = mailings.draft(world, issue)
    clearance.ask(world.north, issue, campaign, world.editor, mailings.BASE_URL)
    campaign = planning.get(world.north.id, campaign.id)
    snapshot.fill(campaign)
    compiled = Compiled.load(bytes(IssueRevision.get_by_id(campaign.revision_id).compiled))
    rows = DeliveryPayload.select().where(DeliveryPayload.tenant_id == world.north.id)
    got = {}
    for row in rows:
        raw = compiled.render((row.delivery_id, row.address, "", json.loads(row.packed), "tok-en"))
        assert all(len(line) <= 78 for line in raw.split(b"\r\n") if b"List-" not in line)
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert not mail.defects
        got[row.address] = (preview.part(mail, "html"), preview.part(mail, "plain"))
    assert len(got) >= 3
    for address, both_parts in got.items():
        for part in both_parts:
            assert ("Nur für Annas" in part) == ("Noch etwas" in part) == address.startswith("anna")
            assert "Für alle" in part and "{{" not in part and "<!--" not in part
            assert "\n\n\n" not in part.replace("\r", "") or "<html" in part
    anna = mailings.Subscriber.get(mailings.Subscriber.first_name == "Anna")
    bert = mailings.Subscriber.get(mailings.Subscriber.first_name == "Bert")
    for person, sees in ((anna, True), (bert, False), (None, True)):
        mail = preview.message(world.north, issue, mailings.BASE_URL, person)
        assert ("Nur für Annas" in preview.part(mail, "html")) == sees


@pytest.mark.parametrize("key", STARTERS)
def test_a_starter_gives_a_mail_that_can_be_read(world: worlds.World, issue: Issue, key: str) -> None:
    found = STARTERS[key].design
    assert design.of(found.values()) == found
    for text, ground in ((found.ink, found.sheet), (found.soft, found.sheet), (found.muted(), found.sheet)):
        assert design.contrast(text, ground) >= 4.5
    template = mailtemplates.create(world.north.id, key, key, world.editor.id)
    mailtemplates.make_default(template, world.editor.id)
    for kind in FILLED:
        put(issue, kind)
    shown, _plain = both(world, issue)
    root = html.document_fromstring(shown)
    assert len(list(root.iter("h1"))) == 1 and all(
        t.get("role") == "presentation" for t in root.iter("table")
    )
    assert found.sheet in shown and len(shown) < render.CLIP_BYTES


def test_the_issues_template_holds_before_the_types_and_the_tenants(
    world: worlds.World, issue: Issue
) -> None:
    made = {
        key: mailtemplates.create(world.north.id, key, key, world.editor.id)
        for key in ("band", "night", "letter")
    }

    def ground() -> str:
        return render.render(world.north, issue, mailings.BASE_URL).source.html.split("<body")[1][:90]

    mailtemplates.make_default(made["letter"], world.editor.id)
    assert STARTERS["letter"].design.page in ground()
    NewsletterType.update(template_id=made["band"].id).where(NewsletterType.id == issue.type_id).execute()
    assert STARTERS["band"].design.page in ground()
    assembly.choose_template(world.north, issue, made["night"].id)
    assert STARTERS["night"].design.page in ground()
    with pytest.raises(Conflict):
        mailtemplates.delete(made["night"], world.editor.id)


FRAME = (
    '<table width="100%" bgcolor="#112233"><tr><td class="top">{logo}<h1>{name}</h1>{date} '
    '<a href="{web_url}">web</a></td></tr><tr><td>{content}</td></tr><tr><td>{foot}{{token}}</td></tr></table>'
)


def test_a_frame_of_ones_own_is_filled_and_never_run(world: worlds.World, issue: Issue) -> None:
    template = mailtemplates.create(world.north.id, "Eigen", "paper", world.editor.id)
    style = "h1 { color: #aa0000 } @media (max-width:400px) { h1 { color: #00aa00 } } p { color: url(//x.example) }"
    template = mailtemplates.save_source(
        template, FRAME + "{% for x in y %}{config}", style, 1, world.editor.id
    )
    mailtemplates.make_default(template, world.editor.id)
    shown = render.render(world.north, issue, mailings.BASE_URL).source.html
    root = html.document_fromstring(shown)
    assert [h.text for h in root.iter("h1")] == ["Stadtgespräch"]
    assert "color:#aa0000" in root.find(".//h1").get("style")
    assert "#00aa00" in "".join(style.text for style in root.iter("style")) and "x.example" not in shown
    assert "Leinebrücke" in shown and "{% for x in y %}{config}" in shown
    assert shown.count("{{token}}") == 3, "the frame's own link to the web version, and those of the foot"
    assert f"{mailings.BASE_URL}/m/{{{{token}}}}/unsubscribe" in shown


@pytest.mark.parametrize("frame", ["<p>{content}</p>", "<p>{foot}</p>", "<p>{content}{content}{foot}</p>"])
def test_a_frame_without_content_or_foot_is_refused(world: worlds.World, frame: str) -> None:
    template = mailtemplates.create(world.north.id, "Eigen", "paper", world.editor.id)
    with pytest.raises(Invalid):
        mailtemplates.save_source(template, frame, "", 1, world.editor.id)


def test_the_link_of_an_event_is_signed(world: worlds.World, issue: Issue) -> None:
    block = put(issue, BlockKind.EVENT)
    link = parts.calendar_url(mailings.BASE_URL, world.north, block)
    assert link in both(world, issue)[1].replace("\n", "")
    assert str(block.id) not in link.rpartition("/")[2] or len(link.rpartition("/")[2]) > 16


@pytest.mark.parametrize(
    "broken", ["a) { color: red }", "a { color: url( }", "{{token}} { color: red }", "@media ( { x", "]"]
)
def test_css_that_cannot_be_read_is_left_out(broken: str) -> None:
    assert stylesheet.clean(f"{broken}\n") in ("", "a { }")
    assert stylesheet.clean(f"p {{ color: red }} {broken}") == "p { color: red }"
