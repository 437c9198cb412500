"""The door: neutral, throttled, and nothing typed is lost."""

import re

from flask import Flask
from flask.testing import FlaskClient

from domain.accounts.models import User
from domain.notices.models import OutboxMail
from tests.world import PASSWORD, World


def test_people_land_in_their_tenant(client: FlaskClient, world: World) -> None:
    answer = client.post("/signin", data={"email": world.editor.email, "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.get("/").headers["Location"] == "/t/north/"
    assert client.get("/t/north/").status_code == 200


def test_wrong_password_and_unknown_address_read_alike(client: FlaskClient, world: World) -> None:
    wrong = client.post("/signin", data={"email": world.editor.email, "password": "wrong"})
    unknown = client.post("/signin", data={"email": "x@people.example", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 422
    told = [
        re.sub(r'name="csrf_token" value="[^"]*"', "", answer.text.replace(address, ""))
        for answer, address in ((wrong, world.editor.email), (unknown, "x@people.example"))
    ]
    assert told[0] == told[1]


def test_signing_in_leads_only_to_pages_of_ours(client: FlaskClient, world: World) -> None:
    for target in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        answer = client.post(
            "/signin", data={"email": world.editor.email, "password": PASSWORD, "next": target}
        )
        assert answer.headers["Location"] == "/", target
        client.post("/signout")


def test_the_eleventh_try_has_to_wait(client: FlaskClient, world: World) -> None:
    for _ in range(10):
        client.post("/signin", data={"email": world.editor.email, "password": "wrong"})
    answer = client.post("/signin", data={"email": world.editor.email, "password": PASSWORD})
    assert answer.status_code == 429


def test_signing_in_over_the_page_answers_with_the_new_token(client: FlaskClient, world: World) -> None:
    answer = client.post(
        "/signin",
        data={"email": world.editor.email, "password": PASSWORD},
        headers={"X-Requested-With": "reauth"},
    )
    assert answer.status_code == 204 and answer.headers["X-CSRFToken"]


def test_an_expired_sign_in_asks_fragments_and_plain_forms_differently(
    client: FlaskClient, world: World
) -> None:
    assert client.get("/t/north/pool", headers={"HX-Request": "true"}).status_code == 401
    assert client.get("/t/north/pool").headers["Location"].startswith("/signin?next=")
    assert client.get("/session/alive").status_code == 401


def test_signing_out_ends_the_session_on_the_server(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.editor)
    with client.session_transaction() as session:
        kept = dict(session)
    client.post("/signout")
    with client.session_transaction() as session:
        session.update(kept)
    assert client.get("/session/alive").status_code == 401


def test_a_forgotten_password_is_reset_by_mail(client: FlaskClient, world: World) -> None:
    known = client.post("/forgot", data={"email": world.editor.email})
    unknown = client.post("/forgot", data={"email": "x@people.example"})
    assert known.text.replace(world.editor.email, "") == unknown.text.replace("x@people.example", "")
    mail = OutboxMail.get()
    assert OutboxMail.select().count() == 1 and mail.headers["Auto-Submitted"] == "auto-generated"
    link = next(line for line in mail.plain.splitlines() if "/reset/" in line)
    path = link[link.index("/reset/") :]
    assert client.post(path, data={"password": "short"}).status_code == 422
    assert client.post(path, data={"password": "a brand new sentence"}).status_code == 303
    assert client.get(path).status_code == 410
    answer = client.post("/signin", data={"email": world.editor.email, "password": "a brand new sentence"})
    assert answer.status_code == 303


def test_cookies_are_closed_to_scripts(app: Flask, client: FlaskClient, world: World) -> None:
    answer = client.post("/signin", data={"email": world.editor.email, "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_the_portal_speaks_the_language_of_the_person(client: FlaskClient, world: World, sign_in) -> None:
    User.update(language="de").where(User.id == world.editor.id).execute()
    sign_in(client, world.editor)
    page = client.get("/t/north/").text
    assert '<html lang="de"' in page and "Übersicht" in page
