"""Every check of the pre-flight finds its fault, leads to its place, and is silent about a sound issue."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from dispatcher.preflight import looks, run
from dispatcher.preflight.facts import Facts
from dispatcher.preflight.findings import Finding, Place
from domain import clock
from domain.campaigns import planning
from domain.campaigns.models import Campaign, CampaignStatus
from domain.issues import assembly, links
from domain.issues.models import Block, BlockKind, Issue, LinkState
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from domain.subscribers.facets import fields
from domain.tenancy import settings as tenant_settings
from mediadb import library, storage
from mediadb.models import Rendition
from tests import mailings, pictures
from tests import world as worlds


@pytest.fixture
def world(database: str, tmp_path: Path) -> worlds.World:
    storage.configure(f"file://{tmp_path / 'media'}")
    return worlds.build()


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    made = mailings.issue(world)
    intro = assembly.blocks(made)[0]
    assembly.edit(made, intro, {"html": "<p>[Salutation|Hello], on Monday the bridge is closed.</p>" * 6})
    return made


def found(world: worlds.World, issue: Issue, campaign: Campaign | None = None) -> list[Finding]:
    return run.look(world.north, issue, mailings.BASE_URL, campaign)[0]


def written(issue: Issue, html: str) -> Block:
    """A block with HTML as somebody with the right to raw HTML leaves it."""
    block = assembly.add(issue, BlockKind.TEXT)
    Block.update(data={"html": html}).where(
        Block.tenant_id == issue.tenant_id, Block.id == block.id
    ).execute()
    return block


def messages(findings: list[Finding]) -> list[str]:
    return [f.message % f.params for f in findings]


def test_a_sound_issue_has_no_findings_and_all_checks_count_as_passed(
    world: worlds.World, issue: Issue
) -> None:
    findings, size, passed = run.look(world.north, issue, mailings.BASE_URL)
    assert messages(findings) == []
    assert 1_000 < size < 102 * 1024 and passed == len(run.MAIL)


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("", "subject is missing"),
        ("Ab Montag fährt der Bus einen Umweg über die Hildesheimer Straße bis zum Ring", "77 characters"),
        ("Re: Ihre Anfrage", "as if it were an answer"),
        ("LETZTE PLÄTZE IM THEATER", "capitals"),
        ("Jetzt anmelden!!", "exclamation"),
        ("🎉🎁🔥 Sommerfest", "pictograms"),
        ("Heute 100 % gratis", "100 % gratis"),
    ],
)
def test_what_is_wrong_with_a_subject_leads_to_the_subject(
    world: worlds.World, issue: Issue, subject: str, said: str
) -> None:
    assembly.set_head(issue, subject=subject, preheader="Umweg")
    (finding,) = found(world, issue)
    assert said in finding.message % finding.params
    assert finding.place == Place.SUBJECT and finding.error == (subject == "")


@pytest.mark.parametrize(
    ("html", "said", "is_error"),
    [
        (
            '<p><img src="https://nord.example/a.png"></p>',
            "picture inside of a text has no description",
            True,
        ),
        ('<p><a href="#">Termine der Woche</a></p>', "“Termine der Woche” has no target", True),
        ('<p style="color:#999">Kleingedrucktes zum Angebot</p>', "contrast 2.8", False),
        (
            '<div style="background:#23508e"><p style="color:#1f2328">Dunkel auf Blau</p></div>',
            "hard to read",
            False,
        ),
        ('<div style="display:flex">Nebeneinander</div>', "display: flex", False),
        ('<div style="position:absolute">Darüber</div>', "“position”", False),
        ('<p><a href="https://bit.ly/x">Programm im Herbst</a></p>', "short link", False),
        (
            '<p><a href="https://falle.example/">www.sparkasse.example</a></p>',
            "leads to falle.example",
            False,
        ),
        ('<p><a href="https://nord.example/">hier</a></p>', "does not say where it leads", False),
    ],
)
def test_each_fault_of_a_block_is_found_and_leads_to_it(
    world: worlds.World, issue: Issue, html: str, said: str, is_error: bool
) -> None:
    block = written(issue, html)
    hits = [f for f in found(world, issue) if said in f.message % f.params]
    assert [(f.error, f.block_id) for f in hits] == [(is_error, block.id)], messages(found(world, issue))


def test_large_text_needs_less_contrast_and_hidden_text_none() -> None:
    assert round(looks.ratio((118, 118, 118), looks.WHITE), 2) == 4.54
    assert looks.ratio((0, 0, 0), looks.WHITE) == 21
    assert looks.colour("#FFF") == looks.colour("rgb(255, 255, 255)") == looks.WHITE
    assert looks.colour("transparent") is None


def test_a_mail_without_imprint_or_way_out_is_refused(world: worlds.World, issue: Issue) -> None:
    tenant_settings.change(world.north, {"imprint": ""})
    (finding,) = found(world, issue)
    assert finding.error and finding.place == Place.TENANT and "imprint" in finding.message


def test_buttons_without_target_and_pictures_without_description_are_errors(
    world: worlds.World, issue: Issue
) -> None:
    button, picture = assembly.add(issue, BlockKind.BUTTON), assembly.add(issue, BlockKind.PICTURE)
    asset = library.upload(world.north.id, world.editor.id, "a.png", pictures.plain())
    assembly.edit(issue, picture, {"asset_id": asset.id})
    errors = {f.block_id for f in found(world, issue) if f.error}
    assert errors == {button.id, picture.id}


def test_heavy_pictures_and_a_mail_that_gmail_cuts_are_hints(world: worlds.World, issue: Issue) -> None:
    block = assembly.add(issue, BlockKind.PICTURE)
    asset = library.upload(world.north.id, world.editor.id, "brücke.png", pictures.plain(800, 600))
    assembly.edit(issue, block, {"asset_id": asset.id, "alt": "Die Brücke"})
    Rendition.update(size_bytes=900 * 1024).where(
        Rendition.tenant_id == world.north.id, Rendition.name == "mail1200"
    ).execute()
    long = written(issue, "<p>" + "Sehr viel Text. " * 8_000 + "</p>")
    said = {f.message % f.params: f.block_id for f in found(world, issue)}
    assert [at for text, at in said.items() if "900 KB" in text] == [block.id]
    assert [at for text, at in said.items() if "102 KB" in text] == [long.id]


@pytest.mark.parametrize(
    ("state", "status", "said"),
    [
        (LinkState.GONE, 404, "does not exist (404)"), (LinkState.UNKNOWN, 0, "no server of this name"),
        (LinkState.SILENT, 0, "No answer"), (LinkState.PRIVATE, 0, "private network"),
        (LinkState.FAILED, 503, "error (503)"),
    ],
)  # fmt: skip
def test_a_dead_link_is_told_with_its_block(
    world: worlds.World, issue: Issue, state: LinkState, status: int, said: str
) -> None:
    url = "https://nord.example/termine?a=1&b=2"
    block = assembly.add(issue, BlockKind.BUTTON)
    assembly.edit(issue, block, {"label": "Alle Termine", "url": f"{url}#mai"})
    assert found(world, issue) == [], "nobody has followed it yet"
    links.ask(world.north.id, [url])
    (row,) = links.waiting(10)
    links.settle(row, state, status)
    (finding,) = found(world, issue)
    assert said in finding.message % finding.params and url in finding.message % finding.params
    assert finding.block_id == block.id and not finding.error


@pytest.fixture
def plan(world: worlds.World, issue: Issue) -> Callable[..., list[Finding]]:
    """What the checks of the plan say of 4 people."""
    mailings.everybody(world)
    campaign = mailings.draft(world, issue)

    def look(**values: object) -> list[Finding]:
        for name, value in values.items():
            setattr(campaign, name, value)
        return found(world, issue, campaign)

    return look


def test_a_plan_that_is_in_order_says_nothing(plan: Callable[..., list[Finding]]) -> None:
    assert messages(plan()) == []


def test_an_unverified_sender_and_an_empty_audience_are_errors(plan: Callable[..., list[Finding]]) -> None:
    findings = plan(sender_address="a@elsewhere.example", audience={"segment": 987654})
    assert [(f.error, f.place) for f in findings] == [(True, Place.SENDERS), (True, Place.PLAN)]


@pytest.mark.parametrize(
    ("last", "said"),
    [(1, "4.0 × as many recipients as last time: 4 instead of 1"), (2, "2.0 ×"), (3, ""), (12, "Far fewer")],
)
def test_a_surprising_number_of_recipients_is_told(
    world: worlds.World, issue: Issue, plan: Callable[..., list[Finding]], last: int, said: str
) -> None:
    before = planning.proposed(issue, world.editor.id, "N", "news@nord.example", "")
    before.status, before.started_at = CampaignStatus.FINISHED, clock.now() - timedelta(days=7)
    before.save()
    for n in range(last):
        Delivery.create(
            tenant_id=world.north.id, campaign_id=before.id, address_key=f"{n}@x.example", state=DeliveryState.SENT,
            queued_at=clock.epoch(), next_at=0, attempt=1, handed_over=True, maybe_duplicate=False,
        )  # fmt: skip
    assert " ".join(messages(plan())).startswith(said) and bool(messages(plan())) == bool(said)


def test_empty_placeholders_are_counted_over_the_whole_audience(
    world: worlds.World, issue: Issue, plan: Callable[..., list[Finding]]
) -> None:
    field = fields.save(world.north.id, {"name": "Kundennummer", "kind": "text"}, world.editor.id)
    nameless = mailings.subscriber(world, "Yves", fields={field.key: "K-7"})
    nameless.first_name = nameless.last_name = nameless.salutation = ""
    nameless.save()
    block = assembly.add(issue, BlockKind.TEXT)
    assembly.edit(issue, block, {"html": "<p>[Kundennummer|ohne], [Ort], [Nachname|Gast]</p>"})
    said = messages(plan())
    assert "[Kundennummer] is empty for 4 people: the fallback is used." in said
    assert "[Ort] is empty for 5 people: they see a gap." in said
    assert "[Nachname] is empty for one person: the fallback is used." in said
    assert "[Vorname] is empty for one person: the fallback is used." in said


def test_a_link_of_picture_and_words_is_told_by_its_words(world: worlds.World, issue: Issue) -> None:
    asset = library.upload(world.north.id, world.editor.id, "a.png", pictures.plain())
    shown = assembly.add(issue, BlockKind.PICTURE)
    target = {"url": "https://laden.example/"}
    assembly.edit(issue, shown, {"asset_id": asset.id, "alt": "Der Laden", **target})
    assert ("Der Laden", shown.id) in told(world, issue)
    button = assembly.add(issue, BlockKind.BUTTON)
    assembly.edit(issue, button, {"label": "Zum Laden", **target})
    assert [words for words, _block in told(world, issue)].count("Zum Laden") == 1


def told(world: worlds.World, issue: Issue) -> list[tuple[str, int | None]]:
    facts = Facts.of(world.north, issue, mailings.BASE_URL)
    return [(link.words, link.block_id) for link in facts.links if link.url == "https://laden.example/"]
