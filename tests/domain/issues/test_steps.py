"""Steps of an issue: undone, done again, and whose they are."""

from datetime import timedelta

import pytest

from domain import clock
from domain.content.models import AssetUse
from domain.errors import Conflict, NotFound
from domain.issues import assembly, presence, steps
from domain.issues.models import Block, BlockKind, Issue, IssuePresence, IssueStep
from tests import mailings
from tests import world as worlds


@pytest.fixture
def world(database: str) -> worlds.World:
    return worlds.build()


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    return mailings.issue(world)


def seen(issue: Issue) -> list[object]:
    """Everything that a step may change."""
    found = assembly.get(issue.tenant_id, issue.id)
    rows = [(b.id, b.kind, b.data, b.hidden, b.segment_id) for b in assembly.blocks(found)]
    return [found.subject, found.preheader, found.template_id, *rows]


def button(issue: Issue, user_id: int, label: str) -> Block:
    with steps.recorded(issue, user_id, "add"):
        made = assembly.add(issue, BlockKind.BUTTON)
    with steps.recorded(issue, user_id, "edit"):
        assembly.edit(issue, made, {"label": label, "url": "https://nord.example/"})
    return made


def acts(issue: Issue, user_id: int) -> list[list[object]]:
    """A long morning at the desk; returns what was to be seen after each step."""
    shown = [seen(issue)]

    def step(act: str, change) -> object:
        with steps.recorded(issue, user_id, act):
            made = change()
        shown.append(seen(issue))
        return made

    first = step("add", lambda: assembly.add(issue, BlockKind.BUTTON))
    step("edit", lambda: assembly.edit(issue, first, {"label": "Eins", "url": "https://nord.example/"}))
    second = step("duplicate", lambda: assembly.duplicate(issue, first))
    step("move", lambda: assembly.move(issue, second, -1))
    step("head", lambda: assembly.set_head(issue, subject="Anders", preheader="auch"))
    step("remove", lambda: assembly.remove(issue, first))
    step("hide", lambda: assembly.hide(issue, second, True))
    step("order", lambda: assembly.reorder(issue, [b.id for b in assembly.blocks(issue)][::-1]))
    step("restore", lambda: assembly.restore(issue, first.id))
    step("only", lambda: assembly.only_for(issue, second, 4711))
    step("add", lambda: assembly.add(issue, BlockKind.QUOTE))
    return shown


def test_every_step_can_be_undone_and_done_again_also_after_a_reload(
    world: worlds.World, issue: Issue
) -> None:
    shown = acts(issue, world.editor.id)
    for wanted in reversed(shown[:-1]):
        steps.undo(assembly.get(issue.tenant_id, issue.id))
        assert seen(issue) == wanted
    with pytest.raises(Conflict, match="nothing to undo"):
        steps.undo(assembly.get(issue.tenant_id, issue.id))
    for wanted in shown[1:]:
        steps.redo(assembly.get(issue.tenant_id, issue.id))
        assert seen(issue) == wanted
    with pytest.raises(Conflict, match="nothing to redo"):
        steps.redo(assembly.get(issue.tenant_id, issue.id))


def test_one_can_go_to_any_step(world: worlds.World, issue: Issue) -> None:
    shown = acts(issue, world.editor.id)
    for number in (3, 9, 0, 11, 5):
        steps.go_to(assembly.get(issue.tenant_id, issue.id), number)
        assert seen(issue) == shown[number]
    with pytest.raises(NotFound):
        steps.go_to(assembly.get(issue.tenant_id, issue.id), 99)


def test_a_new_change_ends_what_could_be_done_again(world: worlds.World, issue: Issue) -> None:
    button(issue, world.editor.id, "Eins")
    steps.undo(issue)
    button(issue, world.editor.id, "Zwei")
    assert steps.trail(issue).redo is None
    assert [b.data.get("label") for b in assembly.blocks(issue)][-1] == "Zwei"


def test_typing_is_one_step_and_a_pause_or_another_person_begins_a_new_one(
    world: worlds.World, issue: Issue
) -> None:
    block = button(issue, world.editor.id, "A")
    for label in ("AB", "ABC"):
        with steps.recorded(issue, world.editor.id, "edit"):
            assembly.edit(issue, block, {"label": label})
    with steps.recorded(issue, world.editor.id, "edit"):
        assembly.edit(issue, block, {"align": "wide"})
    assert [s.act for s in steps.trail(issue).steps] == ["edit", "add"]
    with steps.recorded(issue, world.chief_editor.id, "edit"):
        assembly.edit(issue, block, {"label": "ABCD"})
    IssueStep.update(created_at=clock.now() - timedelta(minutes=5)).where(
        IssueStep.tenant_id == issue.tenant_id
    ).execute()
    with steps.recorded(issue, world.chief_editor.id, "edit"):
        assembly.edit(issue, block, {"label": "ABCDE"})
    assert len(steps.trail(issue).steps) == 4
    for wanted in ("ABCD", "ABC", None):
        steps.undo(issue)
        data = assembly.block(issue, block.id).data
        assert data.get("label") == wanted or (wanted is None and not data["label"] and "align" not in data)


def test_undoing_keeps_what_somebody_else_changed_elsewhere(world: worlds.World, issue: Issue) -> None:
    """Only what the step itself changed goes back: what another one did to the same block outside of it stays."""
    block = button(issue, world.editor.id, "Eins")
    assembly.edit(issue, block, {"url": "https://anders.example/"})
    steps.undo(issue)
    steps.undo(issue)
    steps.redo(issue)
    assert block.id in [b.id for b in assembly.blocks(issue)]


def test_nothing_changed_is_no_step_and_a_refused_change_leaves_none(
    world: worlds.World, issue: Issue
) -> None:
    with steps.recorded(issue, world.editor.id, "head"):
        pass
    with pytest.raises(Conflict), steps.recorded(issue, world.editor.id, "order"):
        assembly.reorder(issue, [1])
    assert steps.trail(issue).steps == []


def test_an_undone_picture_is_no_longer_in_use(world: worlds.World, issue: Issue) -> None:
    with steps.recorded(issue, world.editor.id, "add"):
        made = assembly.add(issue, BlockKind.COLUMNS)
    with steps.recorded(issue, world.editor.id, "edit"):
        assembly.edit(issue, made, {"asset_id_2": 17})
    used = AssetUse.select().where(AssetUse.tenant_id == issue.tenant_id, AssetUse.kind == "issue")
    assert [row.asset_id for row in used] == [17]
    steps.undo(issue)
    assert not used.clone().exists()
    steps.redo(issue)
    assert [row.asset_id for row in used.clone()] == [17]


def test_a_closed_issue_cannot_be_undone(world: worlds.World, issue: Issue) -> None:
    button(issue, world.editor.id, "Eins")
    before = seen(issue)
    assembly.close(issue)
    with pytest.raises(Conflict):
        steps.undo(assembly.get(issue.tenant_id, issue.id))
    assert seen(issue) == before and steps.trail(issue).undo is not None


def test_who_else_is_inside_is_told_for_a_moment(world: worlds.World, issue: Issue) -> None:
    presence.note(issue, world.editor.id, None)
    presence.note(issue, world.chief_editor.id, 7)
    presence.note(issue, world.chief_editor.id, 8)
    assert presence.others(issue, world.editor.id) == [presence.Other(world.chief_editor.id, 8)]
    IssuePresence.update(seen_at=clock.now() - timedelta(minutes=2)).where(
        IssuePresence.tenant_id == issue.tenant_id, IssuePresence.user_id == world.chief_editor.id
    ).execute()
    assert presence.others(issue, world.editor.id) == []
    presence.note(issue, world.chief_editor.id, None)
    presence.leave(issue, world.chief_editor.id)
    assert presence.others(issue, world.editor.id) == []
