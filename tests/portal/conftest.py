"""The portal under Flask's test client, on the same database as the test."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.accounts import sessions
from domain.accounts.models import User
from domain.issues.models import Issue
from portal.settings import Settings
from tests import mailings
from tests import world as worlds
from tests.portal.quick import application

HTMX = {"HX-Request": "true"}


@pytest.fixture
def world(database: str) -> worlds.World:
    return worlds.build()


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    """One that could go out: people who want it, a sender that is verified."""
    mailings.everybody(world)
    mailings.verified(world)
    return mailings.issue(world)


@pytest.fixture
def app(settings: Settings, database: str) -> Flask:
    app = application(settings)
    app.config["WTF_CSRF_ENABLED"] = False  # CSRF has tests of its own (test_access.py)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def sign_in() -> Callable[[FlaskClient, User], FlaskClient]:
    """sign_in(client, user): as the door does it, without the hashing."""

    def signed_in(client: FlaskClient, user: User) -> FlaskClient:
        with client.session_transaction() as session:
            session["_user_id"] = sessions.begin(user)
            session["_fresh"] = True
        return client

    return signed_in
