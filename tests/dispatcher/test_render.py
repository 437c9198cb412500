"""An issue as mail: complete, safe, personal."""

import base64
import email
import email.policy

import pytest
from lxml import etree, html

from dispatcher import clearance, preview, trial
from dispatcher.message.compiled import Compiled
from dispatcher.rendering import changes, render
from domain.campaigns import planning
from domain.content import markup
from domain.errors import Invalid
from domain.issues import assembly
from domain.issues.models import BlockKind, Issue, IssueRevision
from tests import mailings
from tests import world as worlds


@pytest.fixture
def world(database: str) -> worlds.World:
    return worlds.build()


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    return mailings.issue(world)


def page(world: worlds.World, issue: Issue) -> str:
    return render.render(world.north, issue, mailings.BASE_URL).source.html


def test_the_mail_holds_content_foot_and_ways_out(world: worlds.World, issue: Issue) -> None:
    text = page(world, issue)
    root = html.document_fromstring(text)
    assert root.get("lang") == "en"
    assert [h.text for h in root.iter("h1")] == ["Stadtgespräch"]
    assert "Leinebrücke: neun Monate Umweg" in text and "Ab Montag." in text
    assert "Verlag Nord GmbH, Deichweg 1, 20457 Hamburg" in text
    links = [a.get("href") for a in root.iter("a")]
    for way in ("", "/unsubscribe", "/preferences"):
        assert f"{mailings.BASE_URL}/m/{{{{token}}}}{way}" in links
    assert links[0].endswith("/m/{{token}}"), "the browser version comes first"


def test_the_mail_is_well_formed_and_its_styles_are_inlined(world: worlds.World, issue: Issue) -> None:
    text = page(world, issue)
    parser = etree.HTMLParser(recover=False)
    etree.fromstring(text.encode(), parser)
    root = html.document_fromstring(text)
    assert len(root.findall(".//style")) == 1
    assert all(table.get("role") == "presentation" for table in root.iter("table"))
    paragraph = root.xpath("//td[contains(@class, 'intro')]//p")[0]
    assert "Georgia" in paragraph.get("style")


def test_peoples_text_is_data_and_never_a_template(world: worlds.World, issue: Issue) -> None:
    mailings_article = mailings.article(world, "{{ 7 * 7 }} <script>alert(1)</script> {% raw %}")
    assembly.add_article(issue, mailings_article.id)
    block = assembly.add(issue, BlockKind.TEXT)
    assembly.edit(issue, block, {"html": '<p onclick="x()">{{ config }}<script>bad()</script> {{token}}</p>'})
    text = page(world, issue)
    assert "49" not in text.replace("#565b63", "") or "7 * 7" in text
    assert "<script" not in text and "onclick" not in text
    assert text.count("{{token}}") == 3, "only our own links carry the token"


def test_brackets_of_articles_stay_and_those_of_the_introduction_are_filled(
    world: worlds.World, issue: Issue
) -> None:
    assembly.add_article(issue, mailings.article(world, "[Vorname] im Kommentar").id)
    anna = mailings.subscriber(world, "Anna")
    mail = preview.message(world.north, issue, mailings.BASE_URL, anna)
    assert mail["subject"] == "Neues für Anna"
    shown = html.document_fromstring(preview.part(mail, "html")).text_content()
    assert "[Vorname] im Kommentar" in shown
    assert "Dear Ms Annasen" in shown


def test_a_person_without_a_name_gets_the_fallback(world: worlds.World, issue: Issue) -> None:
    nameless = mailings.subscriber(world, "Yves")
    nameless.first_name = nameless.last_name = nameless.salutation = ""
    nameless.save()
    mail = preview.message(world.north, issue, mailings.BASE_URL, nameless)
    assert mail["subject"] == "Neues für Sie"
    assert "Hello," in preview.part(mail, "plain")


def test_the_text_part_reads_by_itself(world: worlds.World, issue: Issue) -> None:
    button = assembly.add(issue, BlockKind.BUTTON)
    assembly.edit(issue, button, {"label": "Alle Termine", "url": "https://nord.example/termine?a=1&b=2"})
    mail = preview.message(world.north, issue, mailings.BASE_URL)
    plain = preview.part(mail, "plain")
    for piece in (
        "Stadtgespräch",
        "VERKEHR",
        "Alle Termine: https://nord.example/termine?a=1&b=2",
        "Unsubscribe: ",
    ):
        assert piece in plain
    assert "<p" not in plain and "&amp;" not in plain


def test_hidden_blocks_stay_out(world: worlds.World, issue: Issue) -> None:
    block = next(b for b in assembly.blocks(issue) if b.kind == BlockKind.ARTICLE)
    assembly.hide(issue, block, True)
    assert "Leinebrücke" not in page(world, issue)


def test_the_frozen_revision_gives_the_bytes_that_leave(world: worlds.World, issue: Issue) -> None:
    mailings.everybody(world)
    campaign = mailings.draft(world, issue)
    clearance.ask(world.north, issue, campaign, world.editor, mailings.BASE_URL)
    campaign = planning.get(world.north.id, campaign.id)
    revision = IssueRevision.get_by_id(campaign.revision_id)
    compiled = Compiled.load(bytes(revision.compiled))
    raw = compiled.render((7, "anna@leser.example", "Anna", {"Vorname": "Anna"}, "tok-en"))
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert not mail.defects
    assert mail["subject"] == "Neues für Anna"
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert f"<{mailings.BASE_URL}/m/tok-en/unsubscribe>" in mail["list-unsubscribe"]
    assert revision.size_bytes < render.CLIP_BYTES


def test_a_test_mail_is_marked_and_goes_to_the_own_address(world: worlds.World, issue: Issue) -> None:
    with pytest.raises(Invalid, match="no verified sender domain"):
        trial.queue(world.north, issue, None, mailings.BASE_URL, ["me@nord.example"], [None])
    mailings.verified(world)
    (row,) = trial.queue(world.north, issue, None, mailings.BASE_URL, ["me@nord.example"], [None])
    mail = email.message_from_bytes(base64.b64decode(row.raw), policy=email.policy.default)
    assert mail["subject"] == "[Test] Neues für Marlies"
    assert mail["to"].addresses[0].addr_spec == row.to_address == "me@nord.example"


def test_what_changed_between_two_versions_is_told_word_by_word() -> None:
    old = IssueRevision(subject="Neun Monate Umweg", preheader="a", plain="Kopf\n\nEins zwei drei\n\nWeg")
    new = IssueRevision(
        subject="Neun Wochen Umweg", preheader="a", plain="Kopf\n\nEins zwei vier\n\nNeu hier"
    )
    found = changes.between(old, new)
    assert found[0].pieces == (("same", "Neun "), ("gone", "Monate "), ("new", "Wochen "), ("same", "Umweg"))
    assert [c.act for c in found] == [changes.CHANGED] * 3


@pytest.mark.parametrize(
    "hostile", ["<img src=x onerror=a()>", '<a href="javascript:a()">x</a>', "<svg onload=a()>"]
)
def test_hostile_html_does_not_survive(world: worlds.World, issue: Issue, hostile: str) -> None:
    block = assembly.add(issue, BlockKind.TEXT)
    assembly.edit(issue, block, {"html": f"<p>ok</p>{hostile}"})
    text = page(world, issue)
    assert "onerror" not in text and "onload" not in text and "javascript:" not in text
    assert markup.clean(hostile) == markup.clean(markup.clean(hostile))


def test_a_placeholder_without_fallback_is_a_hint_with_its_place(world: worlds.World, issue: Issue) -> None:
    block = assembly.blocks(issue)[0]
    assembly.edit(issue, block, {"html": "<p>Hallo [Vorname], [Ort|hier]</p>"})
    findings, _size = clearance.preflight(world.north, issue, mailings.BASE_URL)
    assert [(f.error, f.params, f.block_id) for f in findings] == [(False, {"name": "Vorname"}, block.id)]


def test_placeholders_of_tenant_and_sender_are_filled_when_the_mail_is_made(
    world: worlds.World, issue: Issue
) -> None:
    worlds.Tenant.update(name="Verlag <Nord> [Vorname]").where(worlds.Tenant.id == world.north.id).execute()
    tenant = worlds.Tenant.get_by_id(world.north.id)
    block = assembly.add(issue, BlockKind.TEXT)
    source = (
        "<p>[Mandant], [Absender|x] [Absenderadresse], Nr. [Ausgabe], [Vorname|Sie] "
        '<a href="https://nord.example/?von=[Mandant]">Mehr über uns</a></p>'
    )
    assembly.edit(issue, block, {"html": source})
    assembly.set_head(issue, subject="[Mandant]: Nr. [Ausgabe|0]", preheader="")
    rendered = render.render(tenant, issue, mailings.BASE_URL, render.Sender("Büro & Co", "a@nord.example"))
    assert "Mandant" not in rendered.names and "Absender" not in rendered.names
    mail = preview._parsed(
        render.compiled(rendered, "x").render((0, "a@b.example", "", {"Vorname": "Anna"}, "t"))
    )
    assert mail["subject"] == "Verlag <Nord> [Vorname]: Nr. 1"
    shown = preview.part(mail, "html")
    assert "Verlag &lt;Nord&gt; [Vorname], Büro &amp; Co a@nord.example, Nr. 1, Anna" in shown
    assert "von=Verlag%20%3CNord%3E%20%5BVorname%5D" in shown
    assert "Verlag <Nord> [Vorname], Büro & Co" in preview.part(mail, "plain")
    findings, _size = clearance.preflight(tenant, issue, mailings.BASE_URL)
    assert not [f for f in findings if f.params.get("name") in ("Mandant", "Ausgabe", "Absender")]
