"""Bad input anywhere: no route falls over, whatever a form holds; nothing is done twice.

Each field of each route gets one kind of bad value, another one in the next field; with FULL set (`make faults`) all
fields get every kind.
"""

import os
import re
import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dispatcher import queues
from domain.db import database as bound
from domain.notices.models import OutboxMail
from domain.subscribers.models import ImportJob, Subscriber
from tests import mailings
from tests import world as worlds
from tests.portal.test_imports import mapped, upload
from tests.portal.test_routes import rules

PORTAL = Path(__file__).parents[2] / "portal"
STAYS = {"session.sign_out", "account.delete"}  # they end the session that the walk needs
HOSTILE = {
    "injection": "x\r\nBcc: mallory@evil.example",
    "null": "a\x00b",
    "number": "9" * 40,
    "negative": "-1",
    "script": "'\"><script>alert(1)</script>[[x]]{{7*7}}",
    "long": "💥" * 800,
    "nothing": "",
}
MIXED = "mixed"
KINDS = tuple(HOSTILE) if os.environ.get("FULL") else (MIXED, "nothing")


def field_names() -> list[str]:
    """Every name that a form of ours may send: from the templates and the form classes."""
    names = set()
    for path in PORTAL.rglob("templates/**/*.html"):
        names |= set(re.findall(r'name="([a-z_-]+)"', path.read_text()))
    for path in PORTAL.rglob("forms/*.py"):
        names |= set(re.findall(r"^    ([a-z_]+) = \w+Field", path.read_text(), re.M))
    return sorted(names - {"csrf_token"})


def addresses(app: Flask, method: str) -> list[str]:
    """All routes of `method`; every id is the first of its kind, which is mostly there."""
    found = []
    for verb, rule in rules(app):
        if verb != method or rule.endpoint in STAYS:
            continue
        values = {
            name: "north"
            if name == "tenant"
            else 1
            if type(converter).__name__ == "IntegerConverter"
            else "x"
            for name, converter in rule._converters.items()
        }
        with app.test_request_context():
            found.append(app.url_map.bind("localhost").build(rule.endpoint, values, method=method))
    return found


def filled(kind: str, names: Iterable[str], address: str) -> dict[str, str]:
    """Name → bad value; of the mixed kinds the same ones in every run."""
    values = list(HOSTILE.values())
    if kind != MIXED:
        return dict.fromkeys(names, HOSTILE[kind])
    return {name: values[zlib.crc32(f"{address} {name}".encode()) % len(values)] for name in names}


def fell(answer: TestResponse) -> bool:
    """Not refused or done, but fallen over; 503 says that something else is missing, such as the catcher."""
    return answer.status_code >= 500 and answer.status_code != 503


@pytest.fixture
def administrator(app: Flask, client: FlaskClient, world: worlds.World, sign_in) -> FlaskClient:
    mailings.everybody(world)
    mailings.verified(world)
    mailings.draft(world, mailings.issue(world))
    return sign_in(client, world.administrator)


@pytest.mark.parametrize("kind", KINDS)
def test_no_form_of_any_route_falls_over(app: Flask, administrator: FlaskClient, kind: str) -> None:
    names, fallen = field_names(), []
    for address in addresses(app, "POST"):
        data = filled(kind, names, address)
        with bound.atomic() as whole:
            with administrator.post(address, data=data) as answer:
                fallen += [address] * fell(answer)
            whole.rollback()
    assert not fallen


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "nothing"])
def test_no_query_of_any_route_falls_over(app: Flask, administrator: FlaskClient, kind: str) -> None:
    names = sorted({*field_names(), "q", "before", "after", "page", "view", "state"})
    fallen = []
    for address in addresses(app, "GET"):
        values = {name: value[:80] for name, value in filled(kind, names, address).items()}
        with administrator.get(address, query_string=values) as answer:
            fallen += [address] * fell(answer)
    assert not fallen


def test_a_list_of_200_mb_is_refused_before_it_is_read(
    app: Flask, client: FlaskClient, world, sign_in
) -> None:
    answer = sign_in(client, world.subscriber_manager).post(
        "/t/north/subscribers/imports",
        data=b"x",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(200 * 1024 * 1024)},
    )
    assert answer.status_code == 413 and "larger than we take" in answer.text
    assert not ImportJob.select().exists()


def test_an_import_that_is_started_twice_runs_once(client: FlaskClient, world, sign_in) -> None:
    manager = sign_in(client, world.subscriber_manager)
    path = upload(manager, b"email;first name\na@leser.example;Anna\n").location
    mapped(manager, path)
    first, second = manager.post(f"{path}/run"), manager.post(f"{path}/run")
    assert first.status_code == 303 and second.status_code in (303, 409)
    assert ImportJob.select().count() == 1
    assert Subscriber.select().where(Subscriber.address_key == "a@leser.example").count() <= 1


def test_a_dead_queue_and_a_dead_server_keep_the_mail_and_tell_the_same(
    app: Flask, client: FlaskClient, world, monkeypatch
) -> None:
    def dead(*args: object, **kwargs: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(queues.deliver, "enqueue", dead)
    known = client.post("/forgot", data={"email": world.editor.email})
    unknown = client.post("/forgot", data={"email": "nobody@people.example"})
    assert known.status_code == unknown.status_code == 200
    assert OutboxMail.select().where(OutboxMail.to_address == world.editor.email).count() == 1
