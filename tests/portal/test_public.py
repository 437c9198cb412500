"""Readers' pages: no session, the same answers for known and unknown people, nothing changed by reading."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain import clock, tokens
from domain.ledger.models import DeliveryEvent
from domain.notices.models import OutboxMail
from domain.subscribers import consent, directory, lists, signup, types
from domain.subscribers.models import Consent, ConsentEvent, Subscriber, Subscription
from tests.portal import readers
from tests.world import World


@pytest.fixture
def app(app: Flask) -> Flask:
    app.config.update(FORM_MIN_AGE_S=0, WTF_CSRF_ENABLED=True)
    return app


def sign_up(client: FlaskClient, world: World, *kinds: str, path: str = "/n/north", **fields: str):
    token = readers.form_token(client.get(path).text)
    data = {"type": [world.types[k].id for k in kinds], "email": "anna@leser.example", "form_token": token}
    return client.post(path, data=data | fields)


def state(world: World, kind: str) -> Consent | None:
    person = directory.by_key(world.north.id, "anna@leser.example")
    return consent.state(world.north.id, person.id, world.types[kind].id) if person else None


def test_sign_up_confirm_and_the_proof_that_stays(client: FlaskClient, world: World) -> None:
    answer = sign_up(client, world, "city", "arts", first="Anna")
    assert answer.status_code == 303 and answer.location.endswith("/n/north/sent")
    mail = OutboxMail.get()
    assert mail.kind == "optin" and mail.to_address == "anna@leser.example"
    assert mail.headers == {"Auto-Submitted": "auto-generated"} and mail.sender_address == "news@nord.example"
    assert "Stadtgespräch" in mail.plain and "Kulturkalender" in mail.plain and "Deichweg" in mail.plain
    path = readers.confirm_path(mail)
    for _ in range(2):
        assert client.get(path).status_code == client.head(path).status_code == 200
    assert state(world, "city") == Consent.PENDING, "a program that opens links confirms nothing"
    assert "You are signed up" in client.post(path).text
    assert state(world, "city") == state(world, "arts") == Consent.CONFIRMED and state(world, "trade") is None
    asked = ConsentEvent.get(ConsentEvent.act == "ask")
    assert asked.consent_text and asked.ip == "127.0.0.1" and asked.form == "/n/north" and asked.agent


def test_a_type_welcomes_in_its_own_words_and_puts_on_its_lists(client: FlaskClient, world: World) -> None:
    extra = lists.save(world.north.id, "Stadtpost", 1)
    values = {
        "opt_in_subject": "Noch ein Klick", "opt_in_text": "Schön, dass Sie da sind.", "welcome_subject": "Guten Tag",
        "welcome_text": "Der Stadtbrief kommt freitags.", "list_ids": [extra.id, 987654],
    }  # fmt: skip
    assert types.save(world.north.id, values, 1, world.types["city"]).list_ids == [extra.id]
    sign_up(client, world, "city")
    asked = OutboxMail.get()
    assert asked.subject == "Noch ein Klick" and "Schön, dass Sie da sind." in asked.plain
    for _ in range(2):
        client.post(readers.confirm_path(asked))
    welcome = OutboxMail.get(OutboxMail.kind == "welcome")
    assert (welcome.subject, welcome.to_address) == ("Guten Tag", "anna@leser.example")
    assert (
        "kommt freitags" in welcome.plain and "/n/north/data" in welcome.plain and "Deichweg" in welcome.plain
    )
    person = directory.by_key(world.north.id, "anna@leser.example")
    assert {chosen.name for chosen in lists.of(person)} == {lists.default(world.north.id).name, "Stadtpost"}
    lists.delete(extra, other := lists.save(world.north.id, "Neu", 1), 1)
    assert types.get(world.north.id, world.types["city"].id).list_ids == [other.id]


def test_the_answer_is_the_same_for_everybody(client: FlaskClient, world: World) -> None:
    readers.who_got_mail(world, "city")
    known = sign_up(client, world, "city", "south")
    unknown = sign_up(client, world, "city", email="new@leser.example")
    no_such_type = sign_up(client, world, "south", email="other@leser.example")
    assert {(a.status_code, a.location, a.data) for a in (known, unknown, no_such_type)} == {
        (303, "/n/north/sent", known.data)
    }
    assert [m.to_address for m in OutboxMail.select()] == ["new@leser.example"]
    assert directory.by_key(world.north.id, "other@leser.example") is None


def test_pages_need_no_cookie_and_no_script(client: FlaskClient, world: World) -> None:
    reader = readers.who_got_mail(world, "city")
    for path in ("/n/north", "/n/north/city", "/n/north/sent", f"/m/{reader.token}/unsubscribe",
                 f"/m/{reader.token}/preferences"):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers, path
        assert "<script" not in answer.text and "Rundbrief</" not in answer.text, path


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": "anna@leser"}, "The end of the address is missing"),
        ({"email": "a@leser.example\r\nBcc: b@leser.example"}, "no line breaks"),
        ({"type": ""}, "Tick at least one"),
        ({"form_token": "x"}, "too fast or is too old"),
        ({"first": "x" * 81}, "Field cannot be longer"),
    ],
)
def test_mistakes_are_told_and_what_was_typed_stays(
    client: FlaskClient, world: World, fields: dict[str, str], words: str
) -> None:
    answer = sign_up(client, world, "city", **({"last": "Brandt"} | fields))
    assert answer.status_code == 422 and words in answer.text and 'value="Brandt"' in answer.text
    assert Subscriber.select().count() == OutboxMail.select().count() == 0


def test_a_form_sent_too_fast_or_by_a_robot_signs_nobody_up(
    app: Flask, client: FlaskClient, world: World
) -> None:
    assert sign_up(client, world, "city", website="http://spam.example").status_code == 303
    app.config["FORM_MIN_AGE_S"] = 2
    assert sign_up(client, world, "city").status_code == 422
    app.config["FORM_MIN_AGE_S"] = 0
    other = readers.form_token(client.get("/n/south").text)
    assert sign_up(client, world, "city", form_token=other).status_code == 422, "the token of another tenant"
    assert OutboxMail.select().count() == 0


def test_eleven_sign_ups_from_one_network_are_too_many(client: FlaskClient, world: World) -> None:
    codes = [sign_up(client, world, "city", email=f"p{n}@leser.example").status_code for n in range(11)]
    assert codes == [303] * 10 + [429]


def test_types_that_are_not_public_have_no_page(client: FlaskClient, world: World) -> None:
    world.types["city"].public = False
    world.types["city"].save()
    assert client.get("/n/north/city").status_code == client.get("/n/north/post").status_code == 404
    assert "Stadtgespräch" not in client.get("/n/north").text
    assert client.get("/n/nobody").status_code == 404


def test_one_click_signs_off_exactly_this_type(client: FlaskClient, world: World) -> None:
    reader = readers.who_got_mail(world, "city", "arts")
    path = f"/m/{reader.token}/unsubscribe"
    assert client.get(path).status_code == client.head(path).status_code == 200
    assert state(world, "city") == Consent.CONFIRMED
    bodies = (
        {"data": "List-Unsubscribe=One-Click", "content_type": "application/x-www-form-urlencoded"},
        {"data": {"List-Unsubscribe": "One-Click"}, "content_type": "multipart/form-data"},
        {},
    )
    for body in bodies:
        answer = client.post(path, **body)
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
    assert state(world, "city") == Consent.REVOKED and state(world, "arts") == Consent.CONFIRMED
    revoked = ConsentEvent.get(ConsentEvent.act == "revoke")
    assert revoked.form == "one-click" and revoked.mail_id == reader.delivery.id
    assert DeliveryEvent.select().where(DeliveryEvent.kind == "unsubscribed").count() == 1
    assert len(lists.of(reader.person)) == 1


def test_the_reason_is_optional_and_kept_with_the_mailing(client: FlaskClient, world: World) -> None:
    reader = readers.who_got_mail(world, "city")
    assert client.post(f"/m/{reader.token}/reason", data={"reason": "often"}).status_code == 200
    assert DeliveryEvent.select().count() == 0, "no sign-off, nothing to explain"
    client.post(f"/m/{reader.token}/unsubscribe")
    client.post(f"/m/{reader.token}/reason", data={"reason": "bogus", "words": "zu\r\nviel"})
    assert DeliveryEvent.get().detail == "zu viel"


def test_preferences_change_types_name_and_language(client: FlaskClient, world: World) -> None:
    reader = readers.who_got_mail(world, "city", "arts")
    page = client.get(f"/m/{reader.token}/preferences").text
    assert "a•••••@leser.example" in page and "anna@leser.example" not in page
    data = {"type": [world.types["city"].id, world.types["trade"].id], "first": "Anne", "language": "en"}
    answer = client.post(f"/m/{reader.token}/preferences", data=data)
    assert answer.status_code == 303 and "Saved." in client.get(answer.location).text
    assert [state(world, k) for k in ("city", "trade", "arts")] == [
        Consent.CONFIRMED, Consent.CONFIRMED, Consent.REVOKED,
    ]  # fmt: skip
    person = directory.get(world.north.id, reader.person.id)
    assert (person.first_name, person.last_name, person.language) == ("Anne", "", "en")
    assert client.post(f"/m/{reader.token}/all").status_code == 200
    assert {state(world, k) for k in ("city", "trade", "arts")} == {Consent.REVOKED}


def test_altered_tokens_lead_nowhere_and_name_nobody(client: FlaskClient, world: World) -> None:
    reader = readers.who_got_mail(world, "city")
    flipped = ("A" if reader.token[0] != "A" else "B") + reader.token[1:]
    unused = tokens.mail_token("mail", 99_999)
    other_purpose = tokens.mail_token("open", reader.delivery.id)
    for token in (flipped, unused, other_purpose, "x", "ä"):
        for part in ("", "/unsubscribe", "/preferences"):
            answer = client.get(f"/m/{token}{part}")
            assert answer.status_code == 404 and "Stadt" not in answer.text and "Nord" not in answer.text
        for part in ("unsubscribe", "preferences", "all", "reason"):
            assert client.post(f"/m/{token}/{part}").status_code == 404
    assert state(world, "city") == Consent.CONFIRMED


def test_an_altered_or_foreign_confirm_link_says_how_to_go_on(client: FlaskClient, world: World) -> None:
    sign_up(client, world, "city")
    path = readers.confirm_path(OutboxMail.get())
    for wrong in (path[:-2], path.replace("/north/", "/south/")):
        for answer in (client.get(wrong), client.post(wrong)):
            assert answer.status_code == 410 and 'href="/n/' in answer.text
    assert state(world, "city") == Consent.PENDING


def test_a_confirm_link_that_was_used_says_since_when_and_leads_to_the_preferences(
    client: FlaskClient, world: World
) -> None:
    sign_up(client, world, "city", "arts")
    path = readers.confirm_path(OutboxMail.get())
    assert client.get(f"{path}/preferences").status_code == 404, "nobody has read the mail yet"
    client.post(path)
    before = ConsentEvent.select().count()
    for ask in (client.get, client.head, client.post, client.get):
        page = ask(path)
        assert page.status_code == 200
    assert "Your sign-up is confirmed" in page.text and page.text.count("Confirmed: ") == 2
    assert 'method="post"' not in page.text and f"{path}/preferences" in page.text
    german = client.get(f"{path}?lang=de").text
    assert "Ihre Anmeldung ist bestätigt" in german and "Bestätigt: " in german
    assert ConsentEvent.select().count() == before
    page = client.get(f"{path}/preferences")
    assert page.status_code == 200 and page.text.count(" checked") == 2 and "colleague" not in page.text
    data = {"type": [world.types["arts"].id], "first": "Anna", "last": "Adam", "language": "en"}
    assert client.post(f"{path}/preferences", data=data).location.startswith(f"{path}/preferences")
    assert (state(world, "city"), state(world, "arts")) == (Consent.REVOKED, Consent.CONFIRMED)
    page = client.get(path).text
    assert page.count("Confirmed: ") == 1 and 'method="post"' not in page
    assert client.get(f"{path.replace('/north/', '/south/')}/preferences").status_code == 404


def test_an_old_confirm_link_still_tells_that_it_was_used(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_up(client, world, "city")
    used = readers.confirm_path(OutboxMail.get())
    client.post(used)
    sign_up(client, world, "arts", email="late@leser.example")
    unused = readers.confirm_path(OutboxMail.get(OutboxMail.to_address == "late@leser.example"))
    monkeypatch.setattr(signup, "LINK_MAX_AGE_S", -1)
    assert "Your sign-up is confirmed" in client.get(used).text
    assert client.get(unused).status_code == client.post(unused).status_code == 410
    person = directory.by_key(world.north.id, "anna@leser.example")
    Subscriber.update(created_at=clock.moment(clock.epoch() + 9)).where(Subscriber.id == person.id).execute()
    assert client.get(used).status_code == 410, "the number of somebody erased went to somebody else"


def test_who_was_erased_can_still_use_the_link(client: FlaskClient, world: World) -> None:
    reader = readers.who_got_mail(world, "city")
    reader.person.delete_instance()
    assert client.post(f"/m/{reader.token}/unsubscribe").status_code == 200
    assert client.get(f"/m/{reader.token}/preferences").status_code == 404


def test_the_look_is_the_tenants_colour_dark_enough_to_read(client: FlaskClient, world: World) -> None:
    world.north.settings = dict(world.north.settings, colour="#ffee00")
    world.north.save()
    answer = client.get("/n/north/look.css")
    assert answer.mimetype == "text/css" and "#ffee00" not in answer.text and "--tenant: #" in answer.text


def test_pages_speak_german_and_english(client: FlaskClient, world: World) -> None:
    assert '<html lang="en"' in client.get("/n/north").text
    assert '<html lang="de"' in client.get("/n/north?lang=de").text
    assert '<html lang="de"' in client.get("/n/south?lang=xx").text


def test_a_program_that_opens_every_link_changes_nothing(client: FlaskClient, world: World) -> None:
    """The links of a mail and of an opt-in mail, opened by GET and HEAD as filters of mail servers do."""
    reader = readers.who_got_mail(world, "city", "trade")
    sign_up(client, world, "arts", email="bot@leser.example")
    mail = OutboxMail.get(OutboxMail.to_address == "bot@leser.example")
    paths = [readers.confirm_path(mail)]
    paths += [
        f"/m/{reader.token}{end}" for end in ("", "/unsubscribe", "/preferences", "/forward", "/confirm")
    ]
    events, states = (
        ConsentEvent.select().count(),
        [s.consent for s in Subscription.select().order_by(Subscription.id)],
    )
    for path in paths:
        assert client.get(path).status_code in (200, 404) and client.head(path).status_code in (200, 404)
    assert ConsentEvent.select().count() == events and OutboxMail.select().count() == 1
    assert [s.consent for s in Subscription.select().order_by(Subscription.id)] == states


def test_the_form_speaks_the_language_of_the_reader_and_the_way_on_keeps_it(
    client: FlaskClient, world: World
) -> None:
    german, english = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}, {"Accept-Language": "en-GB"}
    for headers, language in ((german, "de"), (english, "en"), ({"Accept-Language": "fr"}, "en")):
        page = client.get("/n/north", headers=headers)
        assert f'<html lang="{language}"' in page.text and "Accept-Language" in page.headers["Vary"]
    assert '<html lang="de"' in client.get("/n/north?lang=de", headers=english).text
    token = readers.form_token(client.get("/n/north").text)
    data = {"type": [world.types["city"].id], "email": "anna@leser.example", "form_token": token}
    client.post("/n/north", data=data, headers=english)
    path = readers.confirm_path(OutboxMail.get())
    assert '<html lang="en"' in client.get(path, headers=german).text
