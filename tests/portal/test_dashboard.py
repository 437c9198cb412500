"""The overview: what waits for whom, by rights, in a handful of queries."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from domain import clock
from domain.approvals import flow
from domain.campaigns import doubtful
from domain.campaigns.models import Campaign, CampaignStatus
from domain.content.models import Article, ArticleState
from domain.issues.models import Block, Issue, IssueState
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from domain.quotas import ledger as quotas
from domain.quotas.models import Window
from domain.subscribers.models import Consent, Subscription
from tests.statements import counted
from tests.world import World

HOME = "/t/north/"
MOST_QUERIES = 12  # of a page and its frame, for somebody who may see everything


def article(world: World, title: str, state: ArticleState, author: str = "journalist") -> Article:
    return Article.create(
        tenant_id=world.north.id, title=title, state=state, author_id=world.people[author].id,
        submitted_at=clock.now(),
    )  # fmt: skip


def issue(world: World, name: str, state: IssueState = IssueState.DRAFT, **more: object) -> Issue:
    return Issue.create(
        tenant_id=world.north.id, type_id=world.types["city"].id, name=name, state=state,
        created_by_id=world.editor.id, **more,
    )  # fmt: skip


def campaign(world: World, name: str, status: CampaignStatus, states: list[DeliveryState]) -> Campaign:
    made = Campaign.create(
        tenant_id=world.north.id, issue_id=issue(world, name, IssueState.SENT).id, type_id=world.types["city"].id,
        name=name, status=status, created_by_id=world.editor.id, started_at=clock.now(),
    )  # fmt: skip
    for number, state in enumerate(states):
        Delivery.create(
            tenant_id=world.north.id, campaign_id=made.id, address_key=f"{number}@a.example", state=state,
            queued_at=clock.epoch(),
        )  # fmt: skip
    return made


def test_an_empty_house_says_so(client: FlaskClient, world: World, sign_in) -> None:
    page = sign_in(client, world.editor).get(HOME).text
    assert "Nothing waits for you." in page and "No issue is in preparation." in page
    assert "What you write or assemble appears here." in page


def test_a_journalist_sees_the_own_returned_articles_and_nothing_of_others(
    client: FlaskClient, world: World, sign_in
) -> None:
    article(world, "Mine came back", ArticleState.RETURNED)
    article(world, "Not mine", ArticleState.RETURNED, "editor")
    article(world, "Waits", ArticleState.SUBMITTED, "editor")
    page = sign_in(client, world.journalist).get(HOME).text
    assert "“Mine came back” was returned" in page
    assert "Not mine" not in page and "submitted" not in page and "Next issues" not in page


def test_an_editor_sees_what_is_submitted_and_returned_and_what_comes_next(
    client: FlaskClient, world: World, sign_in
) -> None:
    article(world, "Oldest", ArticleState.SUBMITTED)
    article(world, "Younger", ArticleState.SUBMITTED)
    issue(world, "Back", IssueState.RETURNED)
    later = issue(world, "Later", planned_at=clock.now() + timedelta(days=9))
    issue(world, "Sooner", planned_at=clock.now() + timedelta(days=1))
    Block.create(tenant_id=world.north.id, issue_id=later.id, position=1, kind="article", article_id=1)
    page = sign_in(client, world.editor).get(HOME).text
    assert "2 articles are submitted" in page and "“Oldest”" in page and "“Younger”" not in page
    assert "Back was returned" in page and "Sooner goes out tomorrow at " in page
    table = page[page.index("Next issues") :]
    assert table.index("Sooner") < table.index("Later") < table.index("Back")


def test_approvals_wait_for_those_who_may_decide_them(app: Flask, world: World, sign_in) -> None:
    waiting = campaign(world, "Autumn", CampaignStatus.IN_APPROVAL, [])
    flow.ask(world.north.id, "campaign", waiting.id, "f" * 64, world.editor.id)
    assert "waits for your approval" in sign_in(app.test_client(), world.chief_editor).get(HOME).text
    assert "waits for your approval" not in sign_in(app.test_client(), world.editor).get(HOME).text
    flow.ask(world.north.id, "campaign", waiting.id, "f" * 64, world.chief_editor.id)
    assert "waits for your approval" not in sign_in(app.test_client(), world.chief_editor).get(HOME).text


def test_running_mailings_show_how_far_they_are(client: FlaskClient, world: World, sign_in) -> None:
    d = DeliveryState
    campaign(world, "On its way", CampaignStatus.SENDING, [d.SENT, d.SENT, d.QUEUED, d.SUPPRESSED])
    over = campaign(world, "Over", CampaignStatus.FINISHED, [d.SENT, d.HELD])
    page = sign_in(client, world.chief_editor).get(HOME).text
    assert "2 of 3" in page and 'value="2" max="3"' in page
    assert "1 mail is on hold" in page and "Over: the mail server did not confirm" in page
    assert f"/campaigns/{over.id}/doubtful" in page
    doubtful.leave(over, world.chief_editor.id)
    assert "is on hold" not in client.get(HOME).text, "somebody has decided"


def test_the_own_volume_and_the_readers(client: FlaskClient, world: World, sign_in) -> None:
    role = world.roles["editor"].id
    quotas.set_limits(role, {Window.DAY: 100, Window.MONTH: 1_000})
    quotas.reserve(world.north.id, role, 1, 95, "Europe/Berlin", clock.now())
    for number, consent in enumerate((Consent.CONFIRMED, Consent.PROVED, Consent.PENDING)):
        Subscription.create(
            tenant_id=world.north.id, subscriber_id=number, type_id=world.types["city"].id, consent=consent
        )
    page = sign_in(client, world.editor).get(HOME).text
    assert "5 of 100 left" in page and "905 of 1,000 left" in page and "Limits of the role Editor." in page
    readers = page[page.index("change in 30 days") :]
    assert '<span class="num">2</span>' in readers[readers.index("Stadtgespräch") :][:200]


def test_nothing_of_another_tenant_is_shown(client: FlaskClient, world: World, sign_in) -> None:
    article(world, "North only", ArticleState.SUBMITTED)
    issue(world, "North issue")
    campaign(world, "North mailing", CampaignStatus.SENDING, [DeliveryState.HELD])
    page = sign_in(client, world.south_administrator).get("/t/south/").text
    assert "North" not in page.replace("Verlag Nord", "")


def test_the_overview_asks_a_handful_of_questions(client: FlaskClient, world: World, sign_in) -> None:
    for number in range(6):
        article(world, f"A{number}", ArticleState.SUBMITTED)
        issue(world, f"I{number}")
        made = campaign(world, f"C{number}", CampaignStatus.SENDING, [DeliveryState.SENT, DeliveryState.HELD])
        flow.ask(world.north.id, "campaign", made.id, "f" * 64, world.editor.id)
    quotas.set_limits(world.roles["administrator"].id, {Window.DAY: 100})
    sign_in(client, world.administrator).get(HOME)
    with counted() as seen:
        assert client.get(HOME).status_code == 200
    assert 3 < len(seen) <= MOST_QUERIES, "\n".join(seen)


PAGES = (
    "pool", "pool?layout=table", "pool?q=leine", "media", "media?q=leine", "media/trash", "media/pick", "issues",
    "campaigns", "approvals", "orders", "orders/new", "rollouts", "rollouts/stand-ins", "releases", "releases/new",
    "subscribers", "subscribers/lists", "subscribers/duplicates", "subscribers/imports", "organisations", "segments",
    "fields", "types", "suppression", "exclusions", "volume", "admin/territory", "admin/people", "admin/people/new",
    "admin/roles", "admin/log", "admin/tenant", "admin/approvals", "admin/templates", "admin/blocks",
    "admin/test-people", "admin/senders", "admin/relays", "admin/queue", "notices",
)  # fmt: skip


def test_the_other_pages_ask_no_more(client: FlaskClient, world: World, sign_in) -> None:
    for number in range(3):
        article(world, f"Leine {number}", ArticleState.SUBMITTED)
        issue(world, f"I{number}")
    sign_in(client, world.administrator).get(HOME)
    many = {}
    for path in PAGES:
        with counted() as seen:
            assert client.get(f"/t/north/{path}").status_code == 200, path
        if not 3 < len(seen) <= MOST_QUERIES:
            many[path] = len(seen)
    assert not many
