"""Counted links and the opening picture: where they lead, what they count, and what they never tell."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain import clock, tokens
from domain.campaigns import erasure, measured, measuring, received, retention
from domain.campaigns.models import Campaign
from domain.ledger.models import Delivery, DeliveryEvent, MeasureTally
from domain.ledger.states import DeliveryState
from domain.segments import catalogue, compile, people, query
from domain.tenancy import settings
from domain.tenancy.models import Tenant
from tests.counted import NEWS, PEOPLE, SHOP, sent
from tests.world import World


@pytest.fixture
def hurry(app: Flask) -> None:
    """A second click counts at once."""
    app.config["CLICK_AGAIN"] = "1000 per second"


def test_a_link_leads_to_its_address_and_nowhere_else(client: FlaskClient, world: World) -> None:
    mail = sent(world, "people")
    answer = client.get(mail.link() + "?to=https://evil.example/&url=//evil.example", headers=PEOPLE)
    assert (answer.status_code, answer.location) == (302, SHOP)
    assert "Set-Cookie" not in answer.headers and answer.headers["Cache-Control"] == "no-store"
    for path in (f"/m/{mail.token()}/l/0", f"/m/{mail.token()}/l/99", f"/m/{mail.token()}x/l/1", "/m/x/l/1"):
        lost = client.get(path, headers=PEOPLE)
        assert lost.status_code == 404 and "anna" not in lost.text.casefold(), path


@pytest.mark.usefixtures("hurry")
def test_per_person_a_click_is_one_row_that_counts_up(client: FlaskClient, world: World) -> None:
    mail = sent(world, "people")
    for path in (mail.link(), mail.link(), mail.link(NEWS), mail.link(place=1)):
        client.get(path, headers=PEOPLE)
    client.get(f"/m/{mail.token()}/o.gif", headers=PEOPLE)
    rows = {(e.delivery_id, e.kind, e.link): e.times for e in DeliveryEvent.select()}
    first, second = (d.id for d in mail.deliveries)
    shop, news = mail.number(), mail.number(NEWS)
    assert rows == {
        (first, "clicked", shop): 2, (first, "clicked", news): 1, (second, "clicked", shop): 1,
        (first, "opened", 0): 1,
    }  # fmt: skip
    found = mail.report()
    assert (found.opened.people, found.opened.times) == (1, 1)
    assert (found.clicked.people, found.clicked.times) == (2, 4)
    counts = {link.url: (link.count.people, link.count.times) for link in found.links}
    assert counts[SHOP] == (2, 3) and counts[NEWS] == (1, 1)
    readers, _more = measured.readers(mail.campaign, news)
    assert [(r.name, r.clicked) for r in readers] == [("Anna0 Anna0sen", 3)]


def test_a_double_click_is_one(client: FlaskClient, world: World) -> None:
    mail = sent(world, "people")
    assert {client.get(mail.link(), headers=PEOPLE).status_code for _ in range(3)} == {302}
    assert DeliveryEvent.get().times == 1


@pytest.mark.usefixtures("hurry")
def test_as_numbers_nobody_is_remembered(client: FlaskClient, world: World) -> None:
    mail = sent(world, "numbers", 10)
    for place in (0, 0, 1):
        client.get(mail.link(place=place), headers=PEOPLE)
    client.get(f"/m/{mail.token()}/o.gif", headers=PEOPLE)
    assert not DeliveryEvent.select().count()
    found = mail.report()
    assert found.clicked.times == 3 and found.clicked.people is None and found.opened.times == 1
    assert found.links[0].url == SHOP and found.links[0].count.times == 3


def test_numbers_about_a_few_mails_are_not_told(client: FlaskClient, world: World) -> None:
    mail = sent(world, "numbers", 9)
    client.get(mail.link(), headers=PEOPLE)
    found = mail.report()
    assert found.hidden and not found.clicked.times and not found.links


def test_what_is_off_and_who_objected_counts_nothing(client: FlaskClient, world: World) -> None:
    mail = sent(world, "people")
    client.get(mail.link(), headers=PEOPLE)
    measuring.object_to(mail.people[0], None)
    assert not DeliveryEvent.select().count() and mail.report().clicked.times == 1, "a number of nobody's"
    client.get(mail.link(NEWS), headers=PEOPLE)
    assert mail.report().clicked.times == 1
    settings.change(world.north, {"tracking": "numbers"})
    client.get(mail.link(NEWS, 1), headers=PEOPLE)
    assert not DeliveryEvent.select().count(), "the tenant goes less far by now"
    settings.change(world.north, {"tracking": "off"})
    assert client.get(mail.link(place=1), headers=PEOPLE).location == SHOP
    assert sum(row.times for row in MeasureTally.select().where(MeasureTally.link > 0)) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Barracuda Sentinel (EE)"}, {"User-Agent": "Mozilla/5.0 (compatible; bingbot/2.0)"},
        {"User-Agent": ""}, {**PEOPLE, "Sec-Purpose": "prefetch;prerender"}, {**PEOPLE, "X-Moz": "prefetch"},
    ],
)  # fmt: skip
def test_machines_get_through_and_are_nobody(client: FlaskClient, world: World, headers: dict) -> None:
    mail = sent(world, "people")
    assert client.get(mail.link(), headers=headers).location == SHOP
    client.get(f"/m/{mail.token()}/o.gif", headers=headers)
    assert not DeliveryEvent.select().count()
    found = mail.report()
    assert found.machines == 2 and not found.clicked.times and not found.opened.times


def test_what_comes_within_two_seconds_or_before_the_outcome_is_a_machine(
    client: FlaskClient, world: World
) -> None:
    mail = sent(world, "people")
    Delivery.update(settled_at=clock.epoch() + 30).where(Delivery.id == mail.deliveries[0].id).execute()
    Delivery.update(state=DeliveryState.LEASED, settled_at=None).where(
        Delivery.id == mail.deliveries[1].id
    ).execute()
    for place in (0, 1):
        client.get(mail.link(place=place), headers=PEOPLE)
    assert mail.report().machines == 2 and not mail.report().clicked.times


def test_head_and_previews_count_nothing(client: FlaskClient, world: World) -> None:
    mail = sent(world, "people")
    look = tokens.mail_token("look", mail.revision.id)
    assert client.head(mail.link(), headers=PEOPLE).location == SHOP
    assert client.get(f"/m/{look}/l/{mail.number()}", headers=PEOPLE).location == SHOP
    assert client.get(f"/m/{look}/o.gif", headers=PEOPLE).status_code == 200
    assert client.get(f"/m/{look}/unsubscribe", headers=PEOPLE).status_code == 404
    assert not DeliveryEvent.select().count() and not MeasureTally.select().count()


def test_the_picture_is_the_same_for_everybody_and_kept_by_nobody(client: FlaskClient, world: World) -> None:
    mail = sent(world, "people")
    right, wrong = (client.get(f"/m/{token}/o.gif", headers=PEOPLE) for token in (mail.token(), "x"))
    assert right.data == wrong.data and right.data.startswith(b"GIF89a") and len(right.data) < 60
    for answer in (right, wrong):
        assert answer.mimetype == "image/gif" and "no-store" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers


def test_a_blocked_tenant_and_a_foreign_host_lead_nowhere(client: FlaskClient, world: World) -> None:
    mail = sent(world, "people")
    Tenant.update(host="sued.example").where(Tenant.id == world.south.id).execute()
    assert client.get(mail.link(), base_url="http://sued.example/", headers=PEOPLE).status_code == 404
    Tenant.update(status="blocked").where(Tenant.id == world.north.id).execute()
    answer = client.get(mail.link(), headers=PEOPLE)
    assert answer.status_code == 404 and "Nord" not in answer.text
    assert not DeliveryEvent.select().count()


def test_who_tries_altered_links_is_not_answered_for_long(client: FlaskClient, world: World) -> None:
    mail = sent(world, "people")
    answers = {client.get(f"/m/x{n}/l/1", headers=PEOPLE).status_code for n in range(60)}
    assert answers == {404} and client.get("/m/x/l/1", headers=PEOPLE).status_code == 429
    assert client.get(mail.link(), headers=PEOPLE).location == SHOP, "others share the address"


def test_erasure_and_retention_leave_numbers_of_nobodys(client: FlaskClient, world: World) -> None:
    mail = sent(world, "people", 3)
    for place in range(3):
        client.get(mail.link(place=place), headers=PEOPLE)
        client.get(f"/m/{mail.token(place)}/o.gif", headers=PEOPLE)
    erasure.erase(mail.people[0], "asked", None)
    assert DeliveryEvent.select().where(DeliveryEvent.delivery_id == mail.deliveries[0].id).count() == 0
    assert (mail.report().clicked.people, mail.report().opened.people) == (3, 3)
    client.get(mail.link(NEWS), headers=PEOPLE)
    assert mail.report().clicked.times == 3, "whoever is erased is not counted any more"
    settings.change(world.north, {"retention_months": 3})
    assert retention.clean() == 0 and DeliveryEvent.select().count() == 4
    Campaign.update(finished_at=clock.epoch() - 200 * 86_400).execute()
    assert retention.clean() == 4 and not DeliveryEvent.select().count()
    found = mail.report()
    assert (found.clicked.people, found.clicked.times, found.opened.people) == (3, 3, 3)
    assert found.links[0].count.people == 3


def test_a_tenant_that_measures_nobody_any_more_forgets_who_it_was(client: FlaskClient, world: World) -> None:
    mail = sent(world, "people")
    client.get(mail.link(), headers=PEOPLE)
    settings.change(world.north, {"tracking": "numbers"})
    assert retention.clean() == 1 and not DeliveryEvent.select().count()


def test_the_record_of_a_person_names_what_was_followed(client: FlaskClient, world: World) -> None:
    mail = sent(world, "people")
    client.get(mail.link(), headers=PEOPLE)
    client.get(f"/m/{mail.token()}/o.gif", headers=PEOPLE)
    row = received.by_person(world.north.id, mail.people[0].id)[0]
    assert (row.opened, row.clicked, row.links) == (1, 1, ("Zum Laden",))
    said = erasure.everything(mail.people[0])["mailings"][0]
    assert said["opened"] == 1 and said["links"] == ["Zum Laden"]


def test_segments_find_who_clicked_what_and_when(client: FlaskClient, world: World) -> None:
    mail = sent(world, "people", 3)
    client.get(mail.link(), headers=PEOPLE)
    client.get(mail.link(NEWS, 1), headers=PEOPLE)
    DeliveryEvent.update(at=clock.epoch() - 40 * 86_400).where(
        DeliveryEvent.delivery_id == mail.deliveries[1].id
    ).execute()

    def found(op: str, *value: object) -> set[int]:
        rule = {"field": "event:clicked", "op": op, "value": [str(v) for v in value]}
        group, problems = query.read({"match": "all", "rules": [rule]}, catalogue.every(world.north.id))
        assert not problems
        return set(people.ids(world.north.id, compile.condition(group, compile.Moment(world.north.id))))

    first, second, third = (person.id for person in mail.people)
    assert found("campaign", mail.campaign.id) == found("ever") == {first, second}
    assert found("last_days", 30) == {first} and found("not_last_days", 30) == {second, third}
    assert found("never") == {third} and found("campaign", mail.campaign.id + 1) == set()
    measuring.object_to(mail.people[0], None)
    assert found("ever") == {second}
