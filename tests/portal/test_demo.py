"""The demo house: complete, invented to the last address, and built once."""

import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from peewee import fn

from dispatcher import clearance
from domain import clock, db
from domain.accounts import passwords, policy, rolebook
from domain.accounts.models import User
from domain.accounts.permissions import STARTERS
from domain.audit import log
from domain.campaigns import audience, measured, planning, reports
from domain.campaigns.models import Campaign, CampaignStatus
from domain.content.models import Article, ArticleState
from domain.issues.models import Issue, IssueState
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState, LeftOut
from domain.quotas import ledger as quotas
from domain.subscribers.models import (
    Consent,
    ConsentEvent,
    Deliverability,
    ListMember,
    NewsletterType,
    Subscriber,
    Subscription,
)
from domain.tenancy.measuring import Measuring
from domain.tenancy.models import Tenant
from mediadb import library, storage
from mediadb.models import Asset, AssetKind
from portal import settings as portal_settings
from portal.demo import days, outcome
from portal.demo.build import LOGINS, build
from portal.factory import create_app
from portal.house import open_house
from portal.settings import Settings
from tests.journeys.houses import lay_demo_house
from tests.statements import counted

ROOT = Path(__file__).resolve().parents[2]
MOST_QUERIES = 12  # of a page and its frame, for somebody who may see everything


@pytest.fixture(scope="module")
def demo_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation with the demo house, built once for the tests of this module, which only read."""
    instance: Path = tmp_path_factory.mktemp("demo")
    stands = lay_demo_house(instance)
    found = portal_settings.load({"INSTANCE": str(instance)})
    if not stands:
        open_house(found)
        db.migrate()
        with db.connection():
            build(found)
    return found


@pytest.fixture
def house(demo_settings: Settings) -> Iterator[Tenant]:
    """Verlag Lindenhof, with a connection open."""
    open_house(demo_settings)  # another module may have bound its own database meanwhile
    with db.connection():
        yield Tenant.get(Tenant.slug == "lindenhof")


def _issue(house: Tenant, name: str) -> Issue:
    return Issue.get(Issue.tenant_id == house.id, Issue.name == name)


def test_publisher_has_three_types_and_its_branch_one(house: Tenant) -> None:
    branch = Tenant.get(Tenant.parent_id == house.id)
    assert branch.slug == "suedpost" and branch.is_demo and house.is_demo
    assert _names(house) == {"Stadtgespräch", "Wirtschaftsbrief", "Kulturkalender"}
    assert _names(branch) == {"Südpost-Brief"}


def test_every_role_has_somebody_and_every_login_opens(house: Tenant) -> None:
    held = {role.starter for role in rolebook.roles_for(house.id) if role.memberships.count()}
    assert held == set(STARTERS)
    for _role, email, password in LOGINS:
        user = User.get(User.email == email)
        assert passwords.verify(user.password_hash, password) and policy.tenants_of(user)
    katrin = User.get(User.name == "Katrin Albers")
    assert [tenant.slug for tenant in policy.tenants_of(katrin)] == ["lindenhof", "suedpost"]


def test_thirty_articles_stand_in_all_states_with_described_pictures(house: Tenant) -> None:
    articles = list(Article.select().where(Article.tenant_id == house.id))
    assert len(articles) == 30 and {article.state for article in articles} == set(ArticleState)
    assert all(a.title and a.teaser and a.body.startswith("<p>") and a.category for a in articles)
    assert not [a for a in articles if "{" in a.title + a.teaser + a.body], "a day was not written out"
    pictured = [a for a in articles if a.asset_id]
    assert len(pictured) >= 24 and all(a.asset_alt for a in pictured)
    assert len({a.asset_id for a in pictured}) == len(pictured)


def test_pictures_are_stored_in_every_size_with_alternative_text_and_credit(house: Tenant) -> None:
    assets = list(Asset.select().where(Asset.tenant_id == house.id, Asset.kind == AssetKind.PICTURE))
    assert len(assets) == 30 and all(a.alt and a.credit and a.folder_id for a in assets)
    for asset in assets:
        assert {size.name for size in library.renditions(asset)} == {"mail600", "mail1200", "card", "thumb"}
        assert storage.path_of(asset.sha256).stat().st_size == asset.size_bytes


def test_an_article_offers_its_readers_a_document_whose_first_page_is_seen(house: Tenant) -> None:
    [article] = [a for a in Article.select().where(Article.tenant_id == house.id) if a.documents]
    [document] = library.many(house.id, article.documents).values()
    assert document.kind == AssetKind.DOCUMENT and document.mime == "application/pdf" and document.folder_id
    assert {size.name for size in library.renditions(document)} == {"mail600", "card", "thumb"}


def test_readers_are_many_and_varied(house: Tenant) -> None:
    people = Subscriber.select().where(Subscriber.tenant_id == house.id)
    assert people.count() == 5_000
    assert Subscriber.select().where(Subscriber.tenant_id != house.id).count() == 600
    assert {p.deliverability for p in people} == set(Deliverability)
    assert people.where(Subscriber.locked_reason.is_null(False)).count() > 10
    assert 3 <= people.where(Subscriber.address.is_null()).count() <= 30
    letters = set("".join(p.last_name for p in people))
    assert set("äöüßşłøñễé'").issubset(letters)
    consents = {state for (state,) in Subscription.select(Subscription.consent).distinct().tuples()}
    assert consents == set(Consent) - {Consent.LAPSED}


def test_everybody_is_on_a_list_and_every_consent_has_its_history(house: Tenant) -> None:
    for tenant in Tenant.select():
        listed = ListMember.select(ListMember.subscriber_id).where(ListMember.tenant_id == tenant.id)
        nowhere = Subscriber.select().where(Subscriber.tenant_id == tenant.id, Subscriber.id.not_in(listed))
        assert not nowhere.exists()
    last = (
        ConsentEvent.select(
            ConsentEvent.subscriber_id, ConsentEvent.type_id, fn.MAX(ConsentEvent.id).alias("id")
        )
        .group_by(ConsentEvent.subscriber_id, ConsentEvent.type_id)
        .alias("last")
    )
    told = ConsentEvent.select().join(last, on=(ConsentEvent.id == last.c.id))
    after = {(event.subscriber_id, event.type_id): event.after for event in told}
    assert after == {(s.subscriber_id, s.type_id): s.consent for s in Subscription.select()}


def test_no_address_leads_out_of_example(house: Tenant) -> None:
    found = [row[0] for row in Subscriber.select(Subscriber.address_key).tuples() if row[0]]
    found += [row[0] for row in User.select(User.email).tuples()]
    found += [kind.sender_address for kind in NewsletterType.select()]
    assert all(address.endswith(".example") for address in found)


def test_sent_issue_has_a_closed_ledger_that_adds_up(house: Tenant) -> None:
    issue = _issue(house, "Stadtgespräch Nr. 46")
    campaign = planning.of_issue(issue)
    assert campaign and (issue.state, campaign.status) == (IssueState.SENT, CampaignStatus.FINISHED)
    progress = reports.progress(campaign)
    assert progress.sent > 3_000 and progress.counts[DeliveryState.FAILED] == 23
    assert set(progress.left_out) >= {
        LeftOut.UNSUBSCRIBED,
        LeftOut.LOCKED,
        LeftOut.UNDELIVERABLE,
        LeftOut.NO_ADDRESS,
    }
    rows = Delivery.select().where(Delivery.campaign_id == campaign.id)
    assert sum(progress.counts.values()) == rows.count()
    moments = [row.settled_at for row in rows if row.settled_at]
    assert max(moments) - min(moments) > 120 and max(moments) < clock.epoch()
    role_id, at = campaign.role_id, campaign.started_at
    day = quotas.standings(house.id, role_id, "Europe/Berlin", at=at)[0]
    assert day.used >= progress.sent


def test_sent_issue_was_opened_and_its_links_followed_by_some_of_its_readers(house: Tenant) -> None:
    campaign = planning.of_issue(_issue(house, "Stadtgespräch Nr. 46"))
    assert campaign
    report = measured.report(house, campaign)
    assert report.mode == Measuring.PEOPLE and report.machines
    assert 0 < (report.clicked.people or 0) < (report.opened.people or 0) < report.sent
    assert report.links and sum(link.count.times for link in report.links) == report.clicked.times
    reader, *_others = measured.readers(campaign)[0]
    assert campaign.started_at < reader.last < clock.now()


def test_ready_issue_has_no_error_and_somebody_to_go_to(house: Tenant, demo_settings: Settings) -> None:
    issue = _issue(house, "Stadtgespräch Nr. 47")
    findings, size = clearance.preflight(house, issue, demo_settings.public_url)
    assert findings == [] and size < 102 * 1024
    campaign = planning.of_issue(issue)
    assert campaign and campaign.status == CampaignStatus.DRAFT and campaign.send_at > clock.now()
    assert audience.numbers(campaign)[0] > 3_000
    planning.plan(campaign, {"test_mode": False})
    clearance.ask(house, issue, campaign, User.get(User.name == "Katrin Albers"), demo_settings.public_url)
    assert planning.get(house.id, campaign.id).status == CampaignStatus.IN_APPROVAL
    planning.reopen(planning.get(house.id, campaign.id), issue, 1)


def test_log_is_whole(house: Tenant) -> None:
    assert log.verify(house.id) is None


def test_building_again_changes_nothing(house: Tenant, demo_settings: Settings) -> None:
    def counted() -> list[int]:
        return [
            model.select().count() for model in (User, Article, Asset, Subscriber, Issue, Campaign, Delivery)
        ]

    before = counted()
    build(demo_settings)
    assert counted() == before


def test_house_is_built_on_either_engine(database: str, settings: Settings) -> None:
    storage.configure(settings.media_url)
    build(settings)
    assert (Subscriber.select().count(), Article.select().count()) == (5_600, 33)
    sent = Campaign.get(Campaign.status == CampaignStatus.FINISHED)
    assert (
        not Delivery.select()
        .where(Delivery.campaign_id == sent.id, Delivery.state == DeliveryState.QUEUED)
        .exists()
    )


def test_last_issue_always_lies_in_the_past_and_the_next_one_ahead() -> None:
    for hour in range(24 * 8):
        now = datetime(2026, 3, 26, tzinfo=UTC) + timedelta(hours=hour)
        last, coming = outcome.last_friday(now), days.next_weekday(now, 4, 6, 30)
        assert last.weekday() == coming.weekday() == 4 and (last.hour, last.minute) == (6, 30)
        assert 2 * 3600 <= (now - last).total_seconds() < 8 * 86_400 and coming > now


def test_nobody_works_at_night_and_the_order_stays() -> None:
    begin = datetime(2026, 3, 27, tzinfo=UTC)
    moments = [days.in_office(begin + timedelta(minutes=7 * n)) for n in range(600)]
    assert moments == sorted(moments)
    assert all(
        7.5 <= m.astimezone(days.ZONE).hour + m.astimezone(days.ZONE).minute / 60 <= 20 for m in moments
    )


def test_words_for_days_are_written_out() -> None:
    friday = datetime(2026, 11, 20, tzinfo=UTC).date()
    assert (
        days.written("{fr1}, {mo1}, {tag+14}, {jahr+1}", friday)
        == "27. November, 23. November, 4. Dezember, 2027"
    )


def test_every_page_asks_a_dozen_questions_at_most(house: Tenant, demo_settings: Settings) -> None:
    """The pages that `make bench-portal` measures. Twice each: a second that ends in between may add a question."""
    bench = _bench()
    app = create_app(demo_settings)
    user, duty = bench._administrator(), bench._on_duty()
    many: dict[str, object] = {}
    for name, path in bench.paths(house, user).items():
        client = bench._client(app, duty if name in bench.ON_DUTY else user)
        assert client.get(path).status_code == 200, path
        asked = []
        for _ in range(2):
            with counted() as seen:
                client.get(path)
            asked.append(len(seen))
        if not 0 < min(asked) <= MOST_QUERIES:
            many[name] = asked
    assert not many


def _bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("portal_pages", ROOT / "bench" / "portal_pages.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _names(tenant: Tenant) -> set[str]:
    return {kind.name for kind in NewsletterType.select().where(NewsletterType.tenant_id == tenant.id)}
