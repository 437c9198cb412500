"""The own account: what is kept, what ends, and that nobody else's is touched."""

from flask import Flask
from flask.testing import FlaskClient

from domain import tokens
from domain.accounts import people, sessions
from domain.accounts.models import User, UserSession
from tests.world import PASSWORD, World


def test_name_language_and_look_are_kept(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.editor)
    answer = client.post("/account", data={"name": " Ada  Neu ", "language": "de", "theme": "dark"})
    assert answer.status_code == 303
    page = client.get("/account")
    assert 'lang="de"' in page.text and 'data-bs-theme="dark"' in page.text and "Ada Neu" in page.text
    assert "Gespeichert." in page.text


def test_a_name_with_a_line_break_is_refused_and_stays_in_the_form(
    client: FlaskClient, world: World, sign_in
) -> None:
    sign_in(client, world.editor)
    answer = client.post("/account", data={"name": "Ada\r\nBcc: x", "language": "en", "theme": "dark"})
    assert answer.status_code == 422 and "Bcc: x" in answer.text
    assert 'value="dark" selected' in answer.text
    assert User.get_by_id(world.editor.id).name == "Editor"


def test_a_new_password_signs_every_other_device_out(app: Flask, world: World, sign_in) -> None:
    here, there = sign_in(app.test_client(), world.editor), sign_in(app.test_client(), world.editor)
    data = {"current": PASSWORD, "password": "ein neuer langer Satz"}
    assert here.post("/account/password", data={**data, "current": "wrong"}).status_code == 422
    assert here.post("/account/password", data={**data, "password": "short"}).status_code == 422
    assert here.post("/account/password", data=data).status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302


def test_guessing_the_current_password_is_slowed_down(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.editor)
    data = {"current": "wrong", "password": "ein neuer langer Satz"}
    assert [client.post("/account/password", data=data).status_code for _ in range(11)][-1] == 429


def test_a_session_is_ended_from_another_device(app: Flask, world: World, sign_in) -> None:
    here, there = sign_in(app.test_client(), world.editor), sign_in(app.test_client(), world.editor)
    other = UserSession.select().where(UserSession.user == world.editor).order_by(UserSession.id.desc()).get()
    assert f"/account/sessions/{other.id}/end" in here.get("/account").text
    assert here.post(f"/account/sessions/{other.id}/end").status_code == 303
    assert there.get("/account").status_code == 302


def test_somebody_elses_session_looks_like_a_missing_one(client: FlaskClient, world: World, sign_in) -> None:
    secret = sessions.begin(world.journalist)
    foreign = UserSession.get(UserSession.user == world.journalist)
    sign_in(client, world.editor)
    assert client.post(f"/account/sessions/{foreign.id}/end").status_code == 404
    assert sessions.find(secret)


def test_an_altered_or_used_invitation_opens_nothing(client: FlaskClient, world: World) -> None:
    user = User.create(email="new@people.example", name="New")
    token = people.invitation(user)
    assert client.get(f"/welcome/{token}").status_code == 200
    assert client.get(f"/welcome/{token[:-2]}AA").status_code == 410
    assert client.get(f"/welcome/{tokens.timed_token('reset', [user.id])}").status_code == 410
    assert client.post(f"/welcome/{token}", data={"password": "short"}).status_code == 422
    assert client.post(f"/welcome/{token}", data={"password": "ein langer Satz"}).status_code == 303
    assert client.post(f"/welcome/{token}", data={"password": "noch ein Satz mehr"}).status_code == 410
