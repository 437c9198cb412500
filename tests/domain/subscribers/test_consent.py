"""No sequence of sign-ups, imports and saves raises a consent without the person, or lowers one by a stranger."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Conflict
from domain.notices import outbox
from domain.subscribers import addresses, consent, directory, optout, signup
from domain.subscribers.consent import NOWHERE, TRANSITIONS, Trace
from domain.subscribers.models import Consent, Subscriber
from tests.world import World

STRANGER = ("ask",)
HOUSE = ("import_unknown", "import_proved", "import_revoked", "revoke_by_house", "lapse", "change", "invite")
PERSON = ("confirm", "choose", "unsubscribe")
NUMBERS = itertools.count()
MAILED = (Consent.CONFIRMED, Consent.PROVED)


def _write(opt_in: signup.OptIn):
    return outbox.queue("optin", to_address=opt_in.person.address, subject="x", plain=opt_in.token)


def _act(name: str, person: Subscriber, kind) -> None:
    try:
        if name == "ask":
            request = signup.Request(addresses.parse(person.address), [kind.id])
            signup.begin(person.tenant_id, request, NOWHERE, _write)
        elif name == "confirm":
            consent.confirm(person, kind, NOWHERE)
        elif name == "choose":
            optout.choose(person, [kind], {kind.id}, NOWHERE)
        elif name in ("unsubscribe", "revoke_by_house"):
            optout.unsubscribe(person, kind, NOWHERE)
        elif name == "change":
            directory.change(person, {"first_name": "Anna"}, 1)
        else:
            consent.step(person, kind, name)
    except Conflict:
        pass


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(STRANGER + HOUSE + PERSON), max_size=14))
def test_any_sequence_keeps_the_rules(world: World, acts: list[str]) -> None:
    kind = world.types["city"]
    person = directory.create(world.north.id, {"address": f"anna{next(NUMBERS)}@leser.example"})
    for name in acts:
        before = consent.state(world.north.id, person.id, kind.id)
        _act(name, person, kind)
        after = consent.state(world.north.id, person.id, kind.id)
        if after == Consent.CONFIRMED and before != after:
            assert name in PERSON
        if after == Consent.PROVED and before != after:
            assert name == "import_proved"
        if before in MAILED and after != before:
            assert name not in STRANGER
        if before == Consent.REVOKED and after != before:
            assert name in PERSON, "neither a form nor an import brings somebody back"
        if name == "invite" and after != before:
            assert after == Consent.PENDING, "an opt-in mail asks and decides nothing"
            assert before in (None, Consent.UNKNOWN)
        if name in STRANGER and before is not None:
            assert after == before or after == Consent.PENDING
    states = [e.after for e in consent.history(world.north.id, person.id)]
    assert not states or states[0] == consent.state(world.north.id, person.id, kind.id)


def test_every_step_leaves_an_event_with_the_text_in_force(world: World) -> None:
    kind = world.types["city"]
    person = directory.create(world.north.id, {"address": "anna@leser.example"})
    consent.step(person, kind, "ask", Trace(form="/n/north", ip="192.0.2.1", agent="Browser"))
    consent.confirm(person, kind, Trace(ip="192.0.2.2"))
    newest, oldest = consent.history(world.north.id, person.id)
    assert (oldest.before, oldest.after, newest.before, newest.after) == (
        "",
        "pending",
        "pending",
        "confirmed",
    )
    assert (
        oldest.consent_text == kind.consent_text and oldest.consent_version == 1 and oldest.ip == "192.0.2.1"
    )


def test_a_state_that_does_not_allow_a_step_is_refused(world: World) -> None:
    kind = world.types["city"]
    person = directory.create(world.north.id, {"address": "anna@leser.example"})
    optout.unsubscribe(person, kind, NOWHERE)
    for act in ("import_unknown", "import_proved", "lapse"):
        with pytest.raises(Conflict):
            consent.step(person, kind, act)


def test_every_act_leads_somewhere() -> None:
    assert {after for _, after in TRANSITIONS.values()} == set(Consent)
