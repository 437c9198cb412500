"""The chain of the log: it carries where an act came from, and finds what was changed, removed or cut off."""

import threading

import pytest

from domain import db
from domain.audit import log, origin
from domain.audit.models import AuditEntry
from tests.world import World


def entry(number: int, tenant_id: int) -> AuditEntry:
    return AuditEntry.get(AuditEntry.tenant_id == tenant_id, AuditEntry.number == number)


def some(world: World, count: int = 4) -> None:
    for number in range(count):
        log.record(world.north.id, "list.save", user_id=world.editor.id, kind="list", object_id=number + 1)


def test_an_entry_says_from_where_in_whose_place_and_for_which_ticket(world: World) -> None:
    origin.begin("192.0.2.7", lambda: " T-4711\n")
    try:
        origin.acts_as("support")
        made = log.record(world.north.id, "list.save", user_id=world.editor.id)
    finally:
        origin.end()
    kept = entry(made.number, world.north.id)
    assert (kept.address, kept.as_whom, kept.reference) == ("192.0.2.7", "support", "T-4711")
    assert log.record(world.north.id, "list.save").address == "", "nothing of it is left behind"
    assert log.verify(world.north.id) is None


@pytest.mark.parametrize("column", ["act", "address", "as_whom", "reference", "user_id", "details", "at"])
def test_no_part_of_an_entry_can_be_changed_unseen(world: World, column: str) -> None:
    some(world)
    value = {"user_id": 99, "details": {"x": 1}, "at": entry(2, world.north.id).at.replace(year=2001)}
    changed = AuditEntry.update({column: value.get(column, "other")})
    changed.where(AuditEntry.tenant_id == world.north.id, AuditEntry.number == 2).execute()
    assert log.verify(world.north.id) == 2


def test_a_removed_entry_leaves_a_gap_and_a_cut_end_is_known_by_what_was_kept_elsewhere(world: World) -> None:
    some(world)
    kept = {head.tenant_id: head for head in log.heads()}
    mine = AuditEntry.tenant_id == world.north.id
    AuditEntry.delete().where(mine, AuditEntry.number == 4).execute()
    assert log.verify(world.north.id) is None, "the chain alone cannot know its end"
    assert [b.number for b in log.broken(kept)] == [4]
    AuditEntry.delete().where(mine, AuditEntry.number == 2).execute()
    assert log.verify(world.north.id) == 2
    AuditEntry.delete().where(mine).execute()
    assert [b.number for b in log.broken(kept)] == [1]


def test_details_are_hashed_as_they_are_read_again(world: World) -> None:
    log.record(world.north.id, "list.save", details={"before": {10: "a", 9: ("b",)}, "after": None})
    assert log.verify(world.north.id) is None


def test_acts_at_the_same_moment_stand_one_behind_the_other(world: World) -> None:
    def act() -> None:
        with db.connection():
            log.record(world.north.id, "list.save")

    threads = [threading.Thread(target=act) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [e.number for e in AuditEntry.select().where(AuditEntry.tenant_id == world.north.id)]
    assert sorted(numbers) == list(range(1, 13)) and log.verify(world.north.id) is None
