"""Tenants: inheritance, colours, short names; and signed tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import clock, tokens
from domain.errors import Invalid, NotFound
from domain.tenancy import founding, settings, tree
from tests.conftest import SECRET
from tests.world import World


def test_a_branch_inherits_what_it_does_not_set(world: World) -> None:
    branch = founding.found("Nord West", parent_id=world.north.id)
    found = settings.with_origin(branch)
    assert found["imprint"].value.startswith("Verlag Nord") and found["imprint"].origin == world.north
    settings.change(branch, {"imprint": "Nord West, Hafen 3"})
    assert settings.with_origin(branch)["imprint"].origin == branch
    settings.change(branch, {"imprint": None})
    assert settings.effective(branch)["imprint"].startswith("Verlag Nord")


def test_bad_settings_change_nothing(world: World) -> None:
    with pytest.raises(Invalid):
        settings.change(world.north, {"time_zone": "Mars/Base", "colour": "red"})
    assert settings.effective(tree.get(world.north.id))["time_zone"] == "Europe/Berlin"


@given(st.integers(0, 0xFFFFFF))
def test_white_text_is_readable_on_every_tenants_colour(number: int) -> None:
    assert settings.contrast_on_white(settings.colours(f"#{number:06x}")[1]) >= 4.5


def test_short_names_are_made_of_plain_letters(world: World) -> None:
    assert tree.slug_of("Verlag Südpost & Söhne") == "verlag-suedpost-soehne"
    for taken in ("north", "house", "Ü", "-x", ""):
        with pytest.raises(Invalid):
            tree.check_slug(taken)
    with pytest.raises(NotFound):
        tree.by_slug("nowhere")


@given(st.integers(0, 2**63 - 1))
def test_a_mail_token_names_its_delivery_and_nothing_else(delivery_id: int) -> None:
    tokens.configure(SECRET)
    token = tokens.mail_token("mail", delivery_id)
    assert tokens.read_mail_token("mail", token) == delivery_id
    for wrong in (
        token[:-1],
        token + "A",
        "A" + token[1:] if token[0] != "A" else "B" + token[1:],
        "",
        "äöü",
    ):
        with pytest.raises(tokens.BadToken):
            tokens.read_mail_token("mail", wrong)
    with pytest.raises(tokens.BadToken):
        tokens.read_mail_token("other", token)


def test_timed_tokens_expire_and_may_not_be_too_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens.configure(SECRET)
    token = tokens.timed_token("form", ["a", 1])
    with pytest.raises(tokens.BadToken):
        tokens.read_timed_token("form", token, 60, min_age_s=2)
    now = clock.epoch()
    monkeypatch.setattr(clock, "epoch", lambda: now + 30)
    assert tokens.read_timed_token("form", token, 60, min_age_s=2) == ["a", 1]
    monkeypatch.setattr(clock, "epoch", lambda: now + 61)
    with pytest.raises(tokens.BadToken):
        tokens.read_timed_token("form", token, 60)
