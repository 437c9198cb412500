"""Double opt-in: nothing without the link, no flood for a victim, the same for known and unknown people."""

from datetime import timedelta

import pytest

from domain import clock, tokens
from domain.notices import outbox
from domain.notices.models import OutboxMail
from domain.subscribers import addresses, consent, directory, optout, signup, suppression
from domain.subscribers.consent import NOWHERE, Trace
from domain.subscribers.models import Consent, ConsentEvent, Subscriber, Subscription
from tests.world import World

ANNA = "anna@leser.example"


def write(opt_in: signup.OptIn) -> OutboxMail:
    return outbox.queue("optin", to_address=opt_in.person.address, subject="Confirm", plain=opt_in.token)


def begin(world: World, *kinds: str, address: str = ANNA) -> OutboxMail | None:
    request = signup.Request(addresses.parse(address), [world.types[kind].id for kind in kinds])
    return signup.begin(world.north.id, request, Trace(form="/n/north", ip="192.0.2.1"), write)


def state(world: World, kind: str) -> Consent | None:
    person = directory.by_key(world.north.id, ANNA)
    return consent.state(world.north.id, person.id, world.types[kind].id)


def test_sign_up_waits_for_the_link_and_the_link_confirms(world: World) -> None:
    mail = begin(world, "city", "arts")
    assert state(world, "city") == Consent.PENDING and state(world, "trade") is None
    signup.confirm(world.north.id, mail.plain, NOWHERE)
    signup.confirm(world.north.id, mail.plain, NOWHERE)
    assert state(world, "city") == state(world, "arts") == Consent.CONFIRMED
    assert ConsentEvent.select().where(ConsentEvent.act == "confirm").count() == 2
    assert ConsentEvent.select().where(ConsentEvent.mail_id == mail.id).count() == 2


def test_who_is_stopped_before_the_link_is_used_gets_no_welcome(world: World) -> None:
    mail, welcomed = begin(world, "city"), []
    world.types["city"].welcome_text = "Guten Tag"
    world.types["city"].save()
    suppression.add(world.north.id, ANNA, "asked by phone")
    signup.confirm(world.north.id, mail.plain, NOWHERE, lambda *given: welcomed.append(given))
    assert state(world, "city") == Consent.CONFIRMED and not welcomed


def test_one_mail_per_type_and_three_per_day(world: World) -> None:
    assert begin(world, "city") and not begin(world, "city")
    assert begin(world, "city", "arts") and begin(world, "trade")
    fourth = dict(world.types["city"].__data__, id=None, slug="fourth")
    extra = type(world.types["city"]).create(**fourth)
    world.types["fourth"] = extra
    assert begin(world, "fourth") is None
    ConsentEvent.update(at=clock.now() - timedelta(days=2)).execute()
    assert begin(world, "fourth")


def test_who_is_subscribed_or_suppressed_gets_no_mail(world: World) -> None:
    signup.confirm(world.north.id, begin(world, "city").plain, NOWHERE)
    ConsentEvent.update(at=clock.now() - timedelta(days=2)).execute()
    assert begin(world, "city") is None and state(world, "city") == Consent.CONFIRMED
    suppression.add(world.north.id, "stop@leser.example", "asked by phone")
    assert begin(world, "city", address="Stop@leser.example") is None
    assert directory.by_key(world.north.id, "stop@leser.example") is None


def test_types_that_are_closed_foreign_or_unknown_ask_for_nothing(world: World) -> None:
    world.types["city"].closed = True
    world.types["city"].save()
    world.types["trade"].public = False
    world.types["trade"].save()
    assert begin(world, "city", "trade", "south") is None
    assert Subscriber.select().count() == 0


def test_an_old_link_does_not_undo_a_sign_off(world: World) -> None:
    mail = begin(world, "city")
    signup.confirm(world.north.id, mail.plain, NOWHERE)
    person = directory.by_key(world.north.id, ANNA)
    optout.unsubscribe(person, world.types["city"], NOWHERE)
    with pytest.raises(tokens.BadToken):
        signup.confirm(world.north.id, mail.plain, NOWHERE)
    assert state(world, "city") == Consent.REVOKED


def test_somebody_who_signed_off_comes_back_only_by_the_link(world: World) -> None:
    person = directory.create(world.north.id, {"address": ANNA})
    optout.unsubscribe(person, world.types["city"], NOWHERE)
    mail = begin(world, "city")
    assert state(world, "city") == Consent.REVOKED
    signup.confirm(world.north.id, mail.plain, NOWHERE)
    assert state(world, "city") == Consent.CONFIRMED


def test_altered_foreign_and_old_links_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = begin(world, "city").plain
    flipped = token[:-3] + ("A" if token[-3] != "A" else "B") + token[-2:]
    for tenant, bad in ((world.north, flipped), (world.north, "x"), (world.south, token)):
        with pytest.raises(tokens.BadToken):
            signup.read(tenant.id, bad)
    later = clock.epoch() + signup.LINK_MAX_AGE_S + 1
    monkeypatch.setattr(clock, "epoch", lambda: later)
    with pytest.raises(tokens.BadToken):
        signup.read(world.north.id, token)


def test_unconfirmed_sign_ups_lapse_after_a_week(world: World) -> None:
    begin(world, "city", "arts")
    signup.confirm(world.north.id, begin(world, "trade").plain, NOWHERE)
    assert signup.expire() == 0
    Subscription.update(changed_at=clock.now() - timedelta(days=8)).execute()
    assert signup.expire() == 2
    assert state(world, "city") == Consent.LAPSED and state(world, "trade") == Consent.CONFIRMED


def test_an_erased_address_is_recognised_when_it_comes_back(world: World) -> None:
    suppression.add_erased(world.north.id, ANNA, "erasure")
    assert begin(world, "city") is None
    directory.create(world.north.id, {"address": ANNA})
    assert suppression.entry(world.north.id, ANNA).address_key == ANNA
    assert not suppression.is_suppressed(world.south.id, ANNA)
