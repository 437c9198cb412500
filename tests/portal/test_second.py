"""The second factor: what switches it on, what opens the door with it, and that no code counts twice."""

import re

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain import clock
from domain.accounts import second, sessions
from domain.accounts.models import RecoveryCode, User, UserSession
from tests.world import PASSWORD, World


def code_of(user: User, step: int = 0) -> str:
    app = pyotp.TOTP(second.secret(user, user.second_nonce))
    return app.generate_otp(clock.epoch() // 30 + step)


@pytest.fixture
def editor(world: World) -> User:
    """The editor with a second factor; codes from before the next step are used up."""
    nonce = second.proposed()
    user = world.editor
    user.second_nonce = nonce
    second.switch_on(user, nonce, code_of(user, -1))
    return User.get_by_id(user.id)


def password_given(client: FlaskClient) -> str:
    page = client.post("/signin", data={"email": "editor@people.example", "password": PASSWORD})
    assert page.status_code == 200 and client.get("/account").status_code == 302
    return re.search(r'name="waiting" value="([^"]+)"', page.text)[1]


def test_it_is_switched_on_by_a_right_code(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.editor)
    page = client.get("/account/second").text
    assert "<svg" in page and "style=" not in page
    offer = re.search(r'name="offer" value="([^"]+)"', page)[1]
    key = re.search(r"<code[^>]*>([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")
    assert client.post("/account/second", data={"offer": offer, "code": "000000x"}).status_code == 422
    assert not second.is_on(User.get_by_id(world.editor.id))
    shown = client.post("/account/second", data={"offer": offer, "code": pyotp.TOTP(key).now()})
    assert shown.text.count("<code>") == second.RECOVERY_CODES
    assert second.is_on(User.get_by_id(world.editor.id))


def test_password_alone_does_not_open_the_door(client: FlaskClient, editor: User) -> None:
    waiting = password_given(client)
    assert client.get("/t/north/").status_code == 302
    wrong = client.post("/signin/code", data={"waiting": waiting, "code": "123"})
    assert wrong.status_code == 422 and "Dieser Code stimmt nicht" in wrong.text
    assert client.post("/signin/code", data={"waiting": waiting, "code": code_of(editor)}).status_code == 303
    assert client.get("/t/north/").status_code == 200


def test_a_code_counts_once(editor: User) -> None:
    code = code_of(editor)
    assert second.check(editor, code)
    assert not second.check(editor, code)
    assert not second.check(editor, code_of(editor, -1)), "an older one is over, too"


def test_a_recovery_code_counts_once(client: FlaskClient, editor: User) -> None:
    code = second.recovery_codes(editor)[3]
    for expected in (303, 422):
        answer = client.post("/signin/code", data={"waiting": password_given(client), "code": code.upper()})
        assert answer.status_code == expected
        UserSession.delete().execute()
        client.delete_cookie("rb")
    assert second.codes_left(editor) == second.RECOVERY_CODES - 1


def test_an_altered_waiting_token_leads_back_to_the_door(client: FlaskClient, editor: User) -> None:
    answer = client.post("/signin/code", data={"waiting": "x", "code": code_of(editor)})
    assert answer.status_code == 422 and not UserSession.select().exists()


def test_switching_off_needs_the_password(client: FlaskClient, editor: User, sign_in) -> None:
    sign_in(client, editor)
    assert client.post("/account/second/off", data={"current": "wrong"}).status_code == 422
    assert client.post("/account/second/off", data={"current": PASSWORD}).status_code == 303
    assert not second.is_on(User.get_by_id(editor.id)) and not RecoveryCode.select().exists()


def test_other_browsers_are_signed_out_at_once(
    app: Flask, client: FlaskClient, world: World, sign_in
) -> None:
    sign_in(client, world.editor)
    elsewhere = sign_in(app.test_client(), world.editor)
    sessions.begin(world.auditor)
    assert client.post("/account/sessions/end").status_code == 303
    assert elsewhere.get("/t/north/").status_code == 302 and client.get("/t/north/").status_code == 200
    assert UserSession.select().where(UserSession.user == world.auditor).exists()
