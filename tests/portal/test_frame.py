"""The frame around every page: where a refusal leaves the person, whose colour the mark wears, how times are told."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale

from domain import clock
from portal import filters
from tests.world import World

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_refusal_inside_a_tenant_keeps_the_navigation(client: FlaskClient, world: World, sign_in) -> None:
    for person, path in ((world.editor, "issues/999"), (world.journalist, "admin/roles")):
        answer = sign_in(client, person).get(f"/t/{world.north.slug}/{path}")
        assert answer.status_code == 404
        assert answer.text.count("<h1") == 1
        assert 'id="nav"' in answer.text and f'href="/t/{world.north.slug}/"' in answer.text


def test_refusal_outside_names_no_tenant(client: FlaskClient, world: World, sign_in) -> None:
    strange = sign_in(client, world.journalist).get(f"/t/{world.south.slug}/issues")
    assert strange.status_code == 404
    assert world.south.name not in strange.text and 'id="nav"' not in strange.text
    assert client.get("/nothing/here").status_code == 404


def test_mark_wears_the_colour_of_the_tenant_dark_enough_for_white_letters(
    client: FlaskClient, world: World, sign_in
) -> None:
    world.north.settings = {**(world.north.settings or {}), "colour": "#ffe000"}
    world.north.save()
    page = sign_in(client, world.editor).get(f"/t/{world.north.slug}/").text
    assert 'fill="#ffe000"' not in page
    mark = page[page.index('class="rb-mark"') :][:200]
    assert 'fill="#' in mark and 'fill="#23508e"' not in mark


@pytest.mark.parametrize(
    ("days", "german", "english"),
    [
        (0, "heute um 10:00\u00a0Uhr", "today at 10:00"),
        (-1, "gestern um 10:00\u00a0Uhr", "yesterday at 10:00"),
        (1, "morgen um 10:00\u00a0Uhr", "tomorrow at 10:00"),
        (3, "am 23.\u00a0November um 10:00\u00a0Uhr", "on 23\u00a0November at 10:00"),
        (60, "am 19.\u00a0Januar 2027 um 10:00\u00a0Uhr", "on 19\u00a0January 2027 at 10:00"),
    ],
)
def test_sentences_name_a_day_in_words(
    app: Flask, monkeypatch: pytest.MonkeyPatch, days: int, german: str, english: str
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    for language, wanted in (("de", german), ("en", english)):
        with app.test_request_context(), force_locale(language):
            assert filters.moment_words(NOW + timedelta(days=days)) == wanted


def test_time_alone_stands_for_today_only(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with app.test_request_context(), force_locale("de"):
        assert filters.time_today(NOW) == "10:00\u00a0Uhr"
        assert "gestern, 10:00" in str(filters.time_today(NOW - timedelta(days=1)))
