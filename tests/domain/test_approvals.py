"""Approvals: four eyes, one fingerprint, counted once."""

import threading

import pytest

from domain import db
from domain.approvals import flow
from domain.approvals.models import ApprovalState
from domain.errors import Conflict, Forbidden, NotFound
from tests.world import World


def test_nobody_approves_the_own_work_unless_the_tenant_allows_it(world: World) -> None:
    approval = flow.ask(world.north.id, "campaign", 7, "f1", world.editor.id)
    with pytest.raises(Forbidden):
        flow.decide(approval, world.editor.id, ApprovalState.APPROVED, "f1")
    decided = flow.decide(approval, world.editor.id, ApprovalState.APPROVED, "f1", self_allowed=True)
    assert decided.state == ApprovalState.APPROVED


def test_what_was_shown_must_be_what_is_there(world: World) -> None:
    approval = flow.ask(world.north.id, "campaign", 7, "f2", world.editor.id)
    with pytest.raises(Conflict):
        flow.decide(approval, world.chief_editor.id, ApprovalState.APPROVED, "f1")


def test_a_change_voids_what_was_approved(world: World) -> None:
    approval = flow.ask(world.north.id, "campaign", 7, "f1", world.editor.id)
    flow.decide(approval, world.chief_editor.id, ApprovalState.APPROVED, "f1")
    assert flow.is_approved(world.north.id, "campaign", 7, "f1")
    flow.void(world.north.id, "campaign", 7)
    assert not flow.is_approved(world.north.id, "campaign", 7, "f1")


def test_of_fifty_parallel_decisions_one_counts(world: World) -> None:
    approval = flow.ask(world.north.id, "campaign", 7, "f1", world.editor.id)
    outcomes: list[str] = []

    def click() -> None:
        with db.connection():
            try:
                flow.decide(approval, world.chief_editor.id, ApprovalState.APPROVED, "f1")
                outcomes.append("decided")
            except Conflict:
                outcomes.append("refused")

    clicks = [threading.Thread(target=click) for _ in range(50)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert (outcomes.count("decided"), outcomes.count("refused")) == (1, 49)


def test_another_tenants_request_looks_like_a_missing_one(world: World) -> None:
    approval = flow.ask(world.north.id, "campaign", 7, "f1", world.editor.id)
    with pytest.raises(NotFound):
        flow.get(world.south.id, approval.id)
