"""Every route of the portal, found in the URL map: new ones fall into these checks by themselves."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from domain.accounts.models import Role
from domain.db import database as bound
from tests import world as worlds

NOBODYS = 987_654_321  # an id that no row has


def rules(app: Flask) -> Iterator[tuple[str, Rule]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            if rule.endpoint != "static":
                yield method, rule


def access_of(app: Flask, rule: Rule) -> object:
    return getattr(app.view_functions[rule.endpoint], "access", None)


def in_tenant(app: Flask) -> list[tuple[str, Rule]]:
    return [(method, rule) for method, rule in rules(app) if rule.rule.startswith("/t/<tenant>")]


def address(app: Flask, rule: Rule, tenant: str = "north") -> str:
    values = {name: tenant if name == "tenant" else _filling(rule, name) for name in rule.arguments}
    with app.test_request_context():
        return app.url_map.bind("localhost").build(
            rule.endpoint, values, method=next(iter(rule.methods or []))
        )


def _filling(rule: Rule, name: str) -> object:
    return NOBODYS if type(rule._converters[name]).__name__ == "IntegerConverter" else "x"


def test_every_route_says_who_may_see_it(app: Flask) -> None:
    silent = sorted({rule.rule for _, rule in rules(app) if access_of(app, rule) is None})
    assert not silent


def test_no_address_leads_to_two_views(app: Flask) -> None:
    found = [(verb, rule.rule) for verb, rule in rules(app)]
    assert len(found) == len(set(found)), "the second one would never be reached"


def test_nothing_below_a_tenant_is_public(app: Flask) -> None:
    assert not [rule.rule for _, rule in in_tenant(app) if access_of(app, rule) == "public"]


def test_signed_out_people_reach_no_page_of_a_tenant(
    app: Flask, client: FlaskClient, world: worlds.World
) -> None:
    for method, rule in in_tenant(app):
        answer = client.open(address(app, rule), method=method)
        assert answer.status_code in (302, 401), (method, rule.rule, answer.status_code)


def test_a_tenant_without_a_role_looks_like_a_missing_one(
    app: Flask, client: FlaskClient, world: worlds.World, sign_in
) -> None:
    sign_in(client, world.south_administrator)
    for method, rule in in_tenant(app):
        foreign = client.open(address(app, rule, "north"), method=method)
        missing = client.open(address(app, rule, "no-such-tenant"), method=method)
        assert foreign.status_code == missing.status_code == 404, (method, rule.rule)
        assert foreign.data == missing.data, (method, rule.rule)


def without_tokens(page: str) -> str:
    """The page without the tokens of its forms, which carry the second in which they were made."""
    return re.sub(r"[\w-]{20,}\.[\w-]{6}\.[\w-]{20,}", "", page)


def test_an_area_that_is_switched_off_looks_as_if_it_did_not_exist(
    app: Flask, client: FlaskClient, world: worlds.World, sign_in
) -> None:
    nothing = Role.create(tenant_id=world.north.id, name="Nothing")
    sign_in(client, worlds.person("nothing", world.north, nothing))
    for method, rule in in_tenant(app):
        if access_of(app, rule) != "signed_in":
            answer = client.open(address(app, rule), method=method)
            missing = client.open("/t/north/no-such-area", method=method)
            assert answer.status_code == missing.status_code == 404, (method, rule.rule)
            assert without_tokens(answer.text) == without_tokens(missing.text), (method, rule.rule)


def test_ids_that_nobody_has_answer_404(
    app: Flask, client: FlaskClient, world: worlds.World, sign_in
) -> None:
    sign_in(client, world.administrator)
    for method, rule in in_tenant(app):
        if any(type(c).__name__ == "IntegerConverter" for c in rule._converters.values()):
            answer = client.open(address(app, rule), method=method)
            assert answer.status_code == 404, (method, rule.rule, answer.status_code)


def test_every_write_needs_the_forms_token(app: Flask, world: worlds.World, sign_in) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client = sign_in(app.test_client(), world.administrator)
    for method, rule in rules(app):
        if method == "POST" and rule.endpoint.split(".")[0] not in (
            "public",
            "recommending",
            "agreeing",
            "confirming",
            "own_data",
        ):  # readers have no session
            answer = client.post(address(app, rule))
            assert answer.status_code == 400, (rule.rule, answer.status_code)


@pytest.mark.sqlite_only  # counts the changed rows of the connection
def test_reading_changes_nothing(app: Flask, client: FlaskClient, world: worlds.World, sign_in) -> None:
    sign_in(client, world.administrator)
    changed = []
    for method, rule in rules(app):
        if method != "GET":
            continue
        for verb in ("GET", "HEAD"):
            before = bound.obj.connection().total_changes
            client.open(address(app, rule), method=verb)
            if bound.obj.connection().total_changes != before:
                changed.append((verb, rule.rule))
    assert not changed


def test_no_page_of_the_administrator_fails(
    app: Flask, client: FlaskClient, world: worlds.World, sign_in
) -> None:
    sign_in(client, world.administrator)
    for method, rule in rules(app):
        if method == "GET":
            for headers in ({}, {"HX-Request": "true"}):
                answer = client.get(address(app, rule), headers=headers)
                assert answer.status_code < 500, (rule.rule, headers)
                if answer.mimetype == "text/html":
                    assert "HX-Request" in answer.headers.get("Vary", ""), rule.rule
                    assert answer.headers["Content-Security-Policy"], rule.rule
