"""Readers' pages beyond signing up: archive and feed, a recommendation, the own data by a fresh link, own fields."""

import json
import re

import pytest

from dispatcher import clearance
from domain import clock, tokens
from domain.campaigns import planning
from domain.campaigns.models import Campaign
from domain.notices.models import OutboxMail
from domain.subscribers import directory, suppression
from domain.subscribers.facets import fields
from domain.subscribers.models import NewsletterType, Subscriber
from tests import mailings
from tests.portal import readers


@pytest.fixture
def app(app):
    app.config.update(FORM_MIN_AGE_S=0, WTF_CSRF_ENABLED=True)
    return app


@pytest.fixture
def sent(world):
    """A mailing of the city newsletter that everybody of it got; the type has an archive."""
    NewsletterType.update(archived=True).where(NewsletterType.id == world.types["city"].id).execute()
    mailings.everybody(world)
    issue = mailings.issue(world)
    campaign = mailings.draft(world, issue)
    Campaign.update(test_mode=False).where(Campaign.id == campaign.id).execute()
    clearance.ask(
        world.north, issue, planning.get(world.north.id, campaign.id), world.editor, mailings.BASE_URL
    )
    Campaign.update(status="finished", started_at=clock.now()).where(Campaign.id == campaign.id).execute()
    return planning.get(world.north.id, campaign.id)


def link_in(mail, part):
    return re.search(rf"https?://[^/\s]+(/n/\S*{part}\S*)", mail.plain)[1]


def test_what_was_meant_for_a_few_stands_in_no_archive(client, world, sent):
    url = f"/n/north/city/archive/{sent.issue_id}"
    assert client.get(url).status_code == 200
    Campaign.update(audience={"lists": [1]}).where(Campaign.id == sent.id).execute()
    assert url not in client.get("/n/north/city/archive").text and client.get(url).status_code == 404
    NewsletterType.update(archived=False).where(NewsletterType.id == world.types["city"].id).execute()
    for path in (
        "/n/north/city/archive",
        "/n/north/city/feed.xml",
        "/n/north/trade/archive",
        "/n/south/post/archive",
    ):
        assert client.get(path).status_code == 404, path


def test_a_colleague_gets_one_mail_without_the_readers_data(client, world, sent):
    reader = readers.who_got_mail(world, "city", address="leser@leser.example")
    Campaign.update(revision_id=sent.revision_id).where(Campaign.id != sent.id).execute()
    url = f"/m/{reader.token}/forward"
    assert client.get(url).status_code == client.head(
        url
    ).status_code == 200 and not OutboxMail.select().where(OutboxMail.kind == "forward")
    assert client.post(url, data={"email": "nobody"}).status_code == 422
    for _ in range(5):
        assert (
            client.post(url, data={"email": "kollegin@x.example", "name": "Anna Beispiel"}).status_code == 200
        )
    mails = list(OutboxMail.select().where(OutboxMail.kind == "forward"))
    assert len(mails) == 3 and mails[0].to_address == "kollegin@x.example"
    assert "Anna Beispiel recommends" in mails[0].plain and "leser@" not in mails[0].plain
    assert reader.token not in mails[0].plain
    shown = client.get(link_in(mails[0], "/shared/"))
    assert "Leinebrücke" in shown.text and reader.token not in shown.text
    assert (
        client.get("/n/south/shared/" + link_in(mails[0], "/shared/").rpartition("/")[2]).status_code == 404
    )


def test_a_recommendation_carries_no_text_of_strangers_and_reaches_nobody_who_refused(client, world, sent):
    reader = readers.who_got_mail(world, "city", address="leser@leser.example")
    url = f"/m/{reader.token}/forward"
    client.post(url, data={"email": "a@x.example", "name": "Gewinn auf spam.example/klick"})
    assert "spam.example" not in OutboxMail.get(OutboxMail.kind == "forward").plain
    suppression.add(world.north.id, "b@x.example", "asked", world.editor.id)
    assert client.post(url, data={"email": "b@x.example"}).status_code == 200
    assert client.post(url, data={"email": "c@x.example", "website": "bot"}).status_code == 200
    assert OutboxMail.select().where(OutboxMail.kind == "forward").count() == 1


def ask_for_data(client, address="anna@leser.example"):
    token = readers.form_token(client.get("/n/north/data").text)
    return client.post("/n/north/data", data={"email": address, "form_token": token})


def test_data_go_out_only_by_a_fresh_link_to_the_address(client, world):
    readers.who_got_mail(world, "city")
    known, unknown = ask_for_data(client), ask_for_data(client, "nobody@leser.example")
    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    mail = OutboxMail.get()
    assert mail.to_address == "anna@leser.example" and mail.kind == "data"
    path = link_in(mail, "/data/")
    for _ in range(2):
        assert client.get(path).status_code == client.head(path).status_code == 200
    assert Subscriber.select().exists()
    given = client.post(f"{path}/file")
    assert given.headers["Cache-Control"] == "no-store"
    assert json.loads(given.data)["person"]["address"] == "anna@leser.example"
    assert client.get(path.replace("/north/", "/south/")).status_code == 404
    assert client.get("/n/north/data/nonsense").status_code == 404


def test_a_flood_of_requests_for_data_gives_three_mails(client, world):
    readers.who_got_mail(world, "city")
    for _ in range(4):
        ask_for_data(client)
    assert OutboxMail.select().count() == 3


def test_a_person_erases_the_own_data_by_the_link(client, world):
    reader = readers.who_got_mail(world, "city")
    ask_for_data(client)
    path = link_in(OutboxMail.get(), "/data/")
    assert "for good" in client.get(f"{path}?erase=1").text
    assert "erased" in client.post(f"{path}/erase").text
    assert not Subscriber.select().where(Subscriber.id == reader.person.id).exists()
    assert suppression.is_suppressed(world.north.id, "anna@leser.example")
    assert client.post(f"{path}/erase").status_code == 404


def test_an_old_link_to_the_data_is_refused(client, world, monkeypatch):
    readers.who_got_mail(world, "city")
    ask_for_data(client)
    later = clock.epoch() + 2 * 86_400
    monkeypatch.setattr(clock, "epoch", lambda: later)
    assert client.get(link_in(OutboxMail.get(), "/data/")).status_code == 404


@pytest.fixture
def asked(world):
    """An own field that the city newsletter asks for, and one that it does not."""
    own = fields.save(world.north.id, {"name": "Stadtteil", "kind": "text", "required": True}, 1)
    fields.save(world.north.id, {"name": "Intern", "kind": "text"}, 1)
    NewsletterType.update(signup_fields=[own.id]).where(NewsletterType.id == world.types["city"].id).execute()
    return own


def sign_up(client, world, **data):
    page = client.get("/n/north/city").text
    token = readers.form_token(page)
    kind = world.types["city"].id
    return client.post(
        "/n/north/city", data={"type": kind, "email": "anna@leser.example", "form_token": token, **data}
    )


def test_the_form_asks_for_the_own_fields_of_its_type(client, world, asked):
    page = client.get("/n/north/city").text
    assert "Stadtteil" in page and "Intern" not in page
    refused = sign_up(client, world)
    assert refused.status_code == 422 and "Stadtteil must not be empty" in refused.text
    assert sign_up(client, world, **{f"own-{asked.id}": "Linden"}).status_code == 303
    assert Subscriber.get().fields == {"Stadtteil": "Linden"}


def test_a_stranger_changes_no_field_of_somebody_who_is_here(client, world, asked):
    person = directory.create(world.north.id, {"address": "anna@leser.example", f"own-{asked.id}": "Mitte"})
    assert sign_up(client, world, **{f"own-{asked.id}": "Linden"}).status_code == 303
    assert Subscriber.get_by_id(person.id).fields == {"Stadtteil": "Mitte"}


def test_a_form_of_another_website_leads_to_ours_and_writes_nothing(client, sign_in, world):
    with client.application.test_client() as inside:
        page = sign_in(inside, world.administrator).get(f"/t/north/types/{world.types['city'].id}").text
    assert "/n/north/city/embed" in page and "/n/north/embed" in page
    answer = client.post(
        "/n/north/embed", data={"email": "anna@leser.example", "type": world.types["arts"].id}
    )
    assert answer.status_code == 200 and 'value="anna@leser.example"' in answer.text
    assert 'action="/n/north"' in answer.text and not Subscriber.select().exists()
    ticked = re.findall(r'value="(\d+)" checked', answer.text)
    assert ticked == [str(world.types["arts"].id)]
    done = client.post(
        "/n/north",
        data={"email": "anna@leser.example", "type": ticked, "form_token": readers.form_token(answer.text)},
    )
    assert done.status_code == 303 and OutboxMail.get().kind == "optin"


def test_archive_and_fields_are_set_on_the_type(client, sign_in, world, asked):
    client.application.config["WTF_CSRF_ENABLED"] = False
    admin = sign_in(client, world.administrator)
    kind = world.types["trade"]
    edit = admin.get(f"/t/north/types/{kind.id}/edit").text
    assert "Stadtteil" in edit
    data = {"name": kind.name, "slug": kind.slug, "language": "de", "public": "y", "consent_text": "Ja.", "active": "y",
            "archived": "y", "signup_fields": [asked.id, 9999]}  # fmt: skip
    assert admin.post(f"/t/north/types/{kind.id}", data=data).status_code == 303
    saved = NewsletterType.get_by_id(kind.id)
    assert saved.archived and saved.signup_fields == [asked.id]


def test_a_token_of_another_purpose_opens_no_data(client, world):
    reader = readers.who_got_mail(world, "city")
    for purpose in ("confirm", "shared", "form"):
        token = tokens.timed_token(purpose, [world.north.id, reader.person.id])
        assert client.get(f"/n/north/data/{token}").status_code == 404
