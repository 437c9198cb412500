"""Sign off: exactly one type, idempotent, and nobody loses the last list."""

from domain.subscribers import consent, directory, lists, optout
from domain.subscribers.consent import NOWHERE
from domain.subscribers.models import Consent, ConsentEvent, Subscriber
from tests.world import World


def reader(world: World, *kinds: str) -> Subscriber:
    person = directory.create(world.north.id, {"address": "anna@leser.example"})
    for kind in kinds:
        optout.choose(person, [world.types[kind]], {world.types[kind].id}, NOWHERE)
    return person


def states(world: World, person: Subscriber) -> dict[str, Consent | None]:
    return {k: consent.state(world.north.id, person.id, world.types[k].id) for k in ("city", "trade", "arts")}


def test_sign_off_ends_exactly_one_type_and_only_once(world: World) -> None:
    person = reader(world, "city", "arts")
    assert optout.unsubscribe(person, world.types["city"], NOWHERE)
    events = ConsentEvent.select().count()
    assert not optout.unsubscribe(person, world.types["city"], NOWHERE)
    assert ConsentEvent.select().count() == events
    assert states(world, person) == {"city": Consent.REVOKED, "trade": None, "arts": Consent.CONFIRMED}


def test_sign_off_from_everything_keeps_the_lists(world: World) -> None:
    person = reader(world, "city", "arts")
    assert optout.unsubscribe_all(person, NOWHERE) == 2
    assert optout.unsubscribe_all(person, NOWHERE) == 0
    assert [chosen.is_default for chosen in lists.of(person)] == [True]


def test_preferences_change_only_what_was_ticked_differently(world: World) -> None:
    person = reader(world, "city")
    consent.step(person, world.types["trade"], "ask")
    consent.step(person, world.types["arts"], "import_unknown")
    kinds = [kind for kind, _ in optout.offered(person)]
    ticked = {world.types["city"].id, world.types["arts"].id}
    optout.choose(person, kinds, ticked, NOWHERE)
    assert states(world, person) == {
        "city": Consent.CONFIRMED, "trade": Consent.PENDING, "arts": Consent.UNKNOWN,
    }  # fmt: skip
    optout.choose(person, kinds, {world.types["trade"].id, world.types["south"].id}, NOWHERE)
    assert states(world, person) == {
        "city": Consent.REVOKED, "trade": Consent.CONFIRMED, "arts": Consent.REVOKED,
    }  # fmt: skip


def test_closed_types_are_offered_only_to_people_who_have_them(world: World) -> None:
    world.types["trade"].closed = True
    world.types["trade"].save()
    person = reader(world, "city")
    assert world.types["trade"].id not in {kind.id for kind, _ in optout.offered(person)}
    consent.step(person, world.types["trade"], "import_unknown")
    assert world.types["trade"].id in {kind.id for kind, _ in optout.offered(person)}
