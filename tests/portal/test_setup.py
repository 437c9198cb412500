"""An empty house, and that it is set up once."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.accounts.models import User, UserSession
from domain.audit.models import AuditEntry
from domain.subscribers.models import DistributionList
from domain.tenancy.models import Tenant
from portal import house
from tests.world import World

DATA = {"tenant": "Haus Süd", "name": "Ada", "email": "ada@haus.example", "password": "a long sentence"}


@pytest.fixture
def token(app: Flask) -> str:
    return house.setup_token(app.config["SETTINGS"].instance)


@pytest.mark.parametrize("path", ["/", "/signin", "/account", "/t/haus/", "/t/haus/pool", "/house/tenants"])
def test_every_page_of_an_empty_house_leads_to_the_set_up(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302 and answer.headers["Location"] == "/setup"


def test_the_set_up_makes_tenant_administrator_and_default_list(client: FlaskClient, token: str) -> None:
    assert client.post("/setup", data={**DATA, "token": token}).status_code == 303
    tenant = Tenant.get()
    assert (tenant.slug, tenant.name) == ("haus-sued", "Haus Süd")
    assert DistributionList.get(DistributionList.tenant_id == tenant.id).is_default
    assert client.get("/t/haus-sued/admin/people").status_code == 200  # signed in, administrator
    assert client.get("/house/tenants").status_code == 200


def test_the_first_sign_in_is_one_like_any_other(client: FlaskClient, token: str) -> None:
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/143.0"}
    client.post("/setup", data={**DATA, "token": token}, headers=agent)
    assert UserSession.get().agent == agent["User-Agent"], "else the account page cannot say where it is"
    assert AuditEntry.select().where(AuditEntry.act == "sign_in").count() == 1


def test_a_wrong_token_or_entry_changes_nothing_and_keeps_what_was_typed(
    client: FlaskClient, token: str
) -> None:
    for wrong in ({"token": "guess"}, {"email": "nobody"}, {"password": "short"}, {"tenant": "House"}):
        wrong = {"tenant": "!!!"} if "tenant" in wrong else wrong
        answer = client.post("/setup", data={**DATA, "token": token, **wrong})
        assert answer.status_code == 422 and 'value="Ada"' in answer.text
    assert not User.select().exists() and not Tenant.select().exists()


def test_guessing_the_token_is_slowed_down(client: FlaskClient, token: str) -> None:
    codes = [client.post("/setup", data={**DATA, "token": "guess"}).status_code for _ in range(11)]
    assert codes[0] == 422 and codes[-1] == 429


def test_a_house_with_people_has_no_set_up(client: FlaskClient, world: World, token: str) -> None:
    assert client.get("/setup").status_code == 404
    assert client.post("/setup", data={**DATA, "token": token}).status_code == 404
    assert client.get("/signin").status_code == 200
