"""Links of a mail: parameters that tell where a visit comes from, and the numbers of counted ones."""

import email
import email.policy
import html
import re
from dataclasses import replace

import pytest

from dispatcher import clearance, preview, trial, webview
from dispatcher.message.compiled import Compiled
from dispatcher.rendering import freezing, links, render
from domain import tokens
from domain.campaigns.models import Campaign
from domain.errors import Invalid
from domain.issues import assembly, design
from domain.issues.models import BlockKind, Issue, IssueRevision
from domain.notices.models import OutboxMail
from domain.subscribers.models import NewsletterType
from domain.tenancy import settings
from tests import mailings
from tests import world as worlds
from tests.world import World

BASE = mailings.BASE_URL
TEXT = (
    '<p><a href="https://a.example/x?q=1&amp;r=2#oben">Eins</a>, <a href="https://a.example/x?q=1&amp;r=2#oben">noch '
    'einmal</a>, <a href="mailto:a@b.example">Mail</a>, <a href="https://b.example/[Vorname|du]">deins</a>, '
    f'<a href="{BASE}/n/north/data">Daten</a>, <a href="https://c.example/">Drei</a></p>'
)


@pytest.fixture
def world(database: str) -> World:
    return worlds.build()


@pytest.fixture
def issue(world: World) -> Issue:
    made = mailings.issue(world)
    assembly.edit(made, assembly.blocks(made)[0], {"html": TEXT})
    button = assembly.add(made, BlockKind.BUTTON)
    assembly.edit(made, button, {"label": "Zum Laden", "url": "https://laden.example/"})
    return assembly.get(world.north.id, made.id)


def frozen(world: World, issue: Issue, tracking: str, **values: object) -> tuple[Campaign, IssueRevision]:
    """The mail of an issue as its approval would freeze it, with what the tenant wants counted."""
    settings.change(world.north, {"tracking": tracking})
    campaign = mailings.draft(world, issue)
    for name, value in values.items():
        setattr(campaign, name, value)
    mark, rendered = clearance._now(world.north, issue, campaign, BASE)
    return campaign, freezing.freeze(issue, rendered, mark, world.editor.id)


def mail(revision: IssueRevision, token: str = "t0ken") -> tuple[str, str]:
    """(HTML, text) of what leaves."""
    raw = Compiled.load(bytes(revision.compiled)).render((7, "a@b.example", "A", {"Vorname": "Änne"}, token))
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    return tuple(parsed.get_body((kind,)).get_content() for kind in ("html", "plain"))


def hrefs(page: str) -> list[str]:
    return [html.unescape(url) for url in re.findall(r'<a\b[^>]*\shref="([^"]*)"', page)]


def test_without_measuring_no_link_is_touched(world: World, issue: Issue) -> None:
    _campaign, revision = frozen(world, issue, "off")
    page, plain = mail(revision)
    assert revision.tracking == "off" and revision.links == []
    assert "/l/" not in page + plain and "o.gif" not in page
    assert "https://a.example/x?q=1&r=2#oben" in hrefs(page)


def test_links_of_the_content_are_numbered_and_kept_with_the_revision(world: World, issue: Issue) -> None:
    _campaign, revision = frozen(world, issue, "people")
    page, plain = mail(revision)
    assert [words for _url, words in revision.links if words in ("Eins", "Drei", "Zum Laden")] == [
        "Eins", "Drei", "Zum Laden",
    ]  # fmt: skip
    urls = [url for url, _words in revision.links]
    assert len(urls) == len(set(urls)) and "https://a.example/x?q=1&r=2#oben" in urls
    number = urls.index("https://laden.example/") + 1
    assert f"{BASE}/m/t0ken/l/{number}" in hrefs(page) and f"{BASE}/m/t0ken/l/{number}" in plain
    assert "https://laden.example/" not in page + plain
    assert page.count(f"{BASE}/m/t0ken/o.gif") == 1 and page.index("o.gif") < page.index("</body>")


def test_ways_out_mail_addresses_and_personal_links_are_never_counted(world: World, issue: Issue) -> None:
    _campaign, revision = frozen(world, issue, "numbers")
    page, plain = mail(revision)
    found = hrefs(page)
    for url in (f"{BASE}/m/t0ken", f"{BASE}/m/t0ken/unsubscribe", f"{BASE}/m/t0ken/preferences",
                "mailto:a@b.example", f"{BASE}/n/north/data", "https://b.example/%C3%84nne"):  # fmt: skip
        assert url in found, url
    assert f"{BASE}/m/t0ken/unsubscribe" in plain
    assert not [url for url, _words in revision.links if BASE in url or "mailto" in url or "[" in url]


def test_type_and_mailing_go_less_far_than_the_tenant_never_further(world: World, issue: Issue) -> None:
    def mode(tenant: str, kind: str, mailing: str) -> str:
        settings.change(world.north, {"tracking": tenant})
        found = world.types["city"]
        NewsletterType.update(tracking=kind).where(NewsletterType.id == found.id).execute()
        campaign = mailings.draft(world, issue)
        campaign.tracking = mailing
        return str(clearance._now(world.north, issue, campaign, BASE)[1].tracking)

    assert mode("people", "", "") == "people"
    assert mode("people", "numbers", "") == mode("people", "numbers", "people") == "numbers"
    assert mode("numbers", "people", "people") == "numbers"
    assert mode("people", "", "off") == mode("off", "people", "people") == "off"


def test_what_is_measured_belongs_to_what_is_approved(world: World, issue: Issue) -> None:
    campaign = mailings.draft(world, issue)
    marks = set()
    for wanted in ("off", "numbers", "people"):
        settings.change(world.north, {"tracking": wanted})
        marks.add(clearance._now(world.north, issue, campaign, BASE)[0])
    assert len(marks) == 3


def test_tests_and_previews_have_links_that_count_nothing(world: World, issue: Issue) -> None:
    campaign, revision = frozen(world, issue, "people")
    look = tokens.mail_token("look", revision.id)
    shown = preview.part(preview.revision_message(world.north, revision), "html")
    assert f"/m/{look}/l/1" in shown
    unfrozen = preview.part(preview.message(world.north, issue, BASE), "html")
    assert "/l/" not in unfrozen and "o.gif" not in unfrozen
    trial.queue_frozen(world.north, revision, campaign, ["t@nord.example"], [None])
    assert OutboxMail.select().count() == 1


def test_the_open_page_holds_the_addresses_themselves(world: World, issue: Issue) -> None:
    campaign, revision = frozen(world, issue, "people")
    campaign.revision_id = revision.id
    page = webview.open_page(campaign, "https://out.example/")
    assert "https://laden.example/" in hrefs(page) and "https://a.example/x?q=1&r=2#oben" in hrefs(page)
    assert "/l/" not in page and "o.gif" not in page and "https://out.example/" in hrefs(page)


def test_a_link_that_an_issue_names_as_bare_stays_as_it_is(world: World, issue: Issue) -> None:
    issue.bare_links = ["https://laden.example/"]
    _campaign, revision = frozen(world, issue, "people")
    page, plain = mail(revision)
    assert "https://laden.example/" in hrefs(page) and "https://laden.example/" in plain


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.example", "https://x.example?utm_source=n&utm_medium=e"),
        ("https://x.example/?", "https://x.example/?utm_source=n&utm_medium=e"),
        ("https://x.example/a?b=c#d?e", "https://x.example/a?b=c&utm_source=n&utm_medium=e#d?e"),
        ("https://x.example/?utm_source=own", "https://x.example/?utm_source=own&utm_medium=e"),
        ("https://x.example/?UTM_Source=o&utm_medium=#z", "https://x.example/?UTM_Source=o&utm_medium=#z"),
    ],
)
def test_parameters_keep_query_and_fragment_and_are_never_doubled(url: str, expected: str) -> None:
    added = [("utm_source", "n"), ("utm_medium", "e")]
    assert links.extended(url, added) == expected
    assert links.extended(expected, added) == expected


def test_parameters_name_the_issue_by_plain_words(world: World, issue: Issue) -> None:
    made = design.cleaned({
        "utm_source": "newsletter", "utm_medium": "e-mail", "utm_campaign": "[Newsletter]-[Ausgabe] [datum]",
        "utm_content": "[Titel]", "utm": "pk_kwd=x",
    })  # fmt: skip
    told = {"newsletter": "Stadt & Größe", "ausgabe": "7", "datum": "2026-11-22", "titel": "{{7*7}}"}
    assert links.parameters(made, told) == [
        ("utm_source", "newsletter"), ("utm_medium", "e-mail"),
        ("utm_campaign", "stadt-groesse-7%202026-11-22"), ("utm_content", "7-7"), ("pk_kwd", "x"),
    ]  # fmt: skip
    for key, text in (("utm_campaign", "[Vorname]"), ("utm_source", 'a"b'), ("utm", "no spaces")):
        with pytest.raises(Invalid) as refused:
            design.cleaned({key: text})
        assert key in refused.value.fields


def test_parameters_stand_in_both_parts_but_not_on_own_pages_nor_on_bare_links(
    world: World, issue: Issue
) -> None:
    bare = ["https://c.example/"]
    source = render.render(world.north, issue, BASE).source
    page, plain, was = links.with_parameters(source.html, source.plain, [("utm_source", "n")], BASE, bare)
    found = hrefs(page)
    assert "https://laden.example/?utm_source=n" in found and "https://laden.example/?utm_source=n" in plain
    assert "https://a.example/x?q=1&r=2&utm_source=n#oben" in found and "https://c.example/" in found
    assert was["https://laden.example/?utm_source=n"] == "https://laden.example/"
    assert all("utm_" not in url for url in found if url.startswith((BASE, "mailto:")))


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://", "https:///x", "http://[::1", "https://x.example/\r\nSet-Cookie: a=b",
     "https://x.example:99999/", "ftp://x.example/", "//x.example/", f"{BASE}/m/abc", BASE, "https://x.example/{{token}}"],
)  # fmt: skip
def test_only_links_to_the_web_can_be_counted(url: str) -> None:
    assert not links.can_count(url, BASE)


def test_files_of_the_own_media_can_be_counted() -> None:
    assert links.can_count(f"{BASE}/media/abc/original", BASE)


def test_counting_adds_no_splice_of_another_kind(world: World, issue: Issue) -> None:
    """All counted links are places of the one token: a mail is still one join."""
    rendered = render.render(world.north, issue, BASE)
    plain = render.compiled(rendered, "x")
    source, found = links.counted(rendered.source)
    counted = render.compiled(replace(rendered, source=source), "x")
    assert {s[:3] for s in counted.slots} == {s[:3] for s in plain.slots}
    assert len(counted.tokens) > len(plain.tokens) + len(found)
