"""Putting an issue together."""

import pytest

from domain.errors import Conflict, Invalid, NotFound
from domain.issues import assembly
from domain.issues.models import BlockKind, Issue, IssueState
from tests import mailings
from tests import world as worlds


@pytest.fixture
def world(database: str) -> worlds.World:
    return worlds.build()


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    return mailings.issue(world)


def titles(issue: Issue) -> list[str]:
    return [b.data.get("label") or b.kind for b in assembly.blocks(issue)]


def with_buttons(issue: Issue, *labels: str) -> list[int]:
    made = []
    for label in labels:
        block = assembly.add(issue, BlockKind.BUTTON)
        assembly.edit(issue, block, {"label": label, "url": "https://nord.example/"})
        made.append(block.id)
    return made


def test_the_next_issue_of_a_type_has_the_next_number(world: worlds.World, issue: Issue) -> None:
    second = assembly.create(world.north.id, world.types["city"].id, world.editor.id)
    assert (issue.number, second.number) == (1, 2)
    assert second.name == "Stadtgespräch Nr. 2"


def test_an_issue_of_a_foreign_type_cannot_be_made(world: worlds.World) -> None:
    with pytest.raises(NotFound):
        assembly.create(world.south.id, world.types["city"].id, world.south_editor.id)


def test_only_accepted_articles_of_the_own_tenant_go_in_and_only_once(
    world: worlds.World, issue: Issue
) -> None:
    draft = mailings.article(world, "Entwurf", state="draft")
    foreign = mailings.article(world, "Fremd", tenant_id=world.south.id)
    for article in (draft, foreign):
        with pytest.raises(NotFound):
            assembly.add_article(issue, article.id)
    inside = next(b.article_id for b in assembly.blocks(issue) if b.article_id)
    with pytest.raises(Conflict):
        assembly.add_article(issue, inside)


def test_blocks_move_by_step_and_by_whole_order(issue: Issue) -> None:
    one, two = with_buttons(issue, "One", "Two")
    assembly.move(issue, assembly.block(issue, two), -1)
    assert titles(issue) == ["intro", "article", "Two", "One"]
    assembly.reorder(issue, [one, two, *[b.id for b in assembly.blocks(issue)][:2]])
    assert titles(issue) == ["One", "Two", "intro", "article"]
    assembly.move(issue, assembly.block(issue, one), -1)
    assert titles(issue)[0] == "One"


def test_an_order_that_misses_a_block_is_refused(issue: Issue) -> None:
    with pytest.raises(Conflict):
        assembly.reorder(issue, [assembly.blocks(issue)[0].id])


def test_a_removed_block_comes_back_to_its_place(issue: Issue) -> None:
    with_buttons(issue, "One", "Two")
    block = assembly.blocks(issue)[2]
    assembly.remove(issue, block)
    assert titles(issue) == ["intro", "article", "Two"]
    assembly.restore(issue, block.id)
    assert titles(issue) == ["intro", "article", "One", "Two"]
    with pytest.raises(NotFound):
        assembly.restore(issue, block.id)


def test_a_duplicate_stands_behind_its_original(issue: Issue) -> None:
    one, _two = with_buttons(issue, "One", "Two")
    assembly.duplicate(issue, assembly.block(issue, one))
    assert titles(issue) == ["intro", "article", "One", "One", "Two"]


def test_somebody_elses_change_is_not_overwritten(world: worlds.World, issue: Issue) -> None:
    mine = assembly.get(world.north.id, issue.id)
    theirs = assembly.get(world.north.id, issue.id)
    assembly.set_head(theirs, subject="Theirs", preheader="")
    with pytest.raises(Conflict):
        assembly.set_head(mine, subject="Mine", preheader="")
    with pytest.raises(Conflict):
        assembly.open_issue(world.north.id, issue.id, mine.version)
    assert assembly.get(world.north.id, issue.id).subject == "Theirs"


def test_an_unknown_placeholder_is_refused_with_its_name_and_the_nearest_one(issue: Issue) -> None:
    block = assembly.blocks(issue)[0]
    with pytest.raises(Invalid) as refused:
        assembly.edit(issue, block, {"html": "<p>Hallo [Vornahme|Sie]</p>"})
    message, params = refused.value.fields["html"]
    assert params == {"name": "Vornahme", "near": "Vorname"}
    assert "[%(name)s]" in message
    assert "Vornahme" not in assembly.block(issue, block.id).data["html"]


@pytest.mark.parametrize("field", ["subject", "preheader", "name"])
def test_line_breaks_never_enter_what_becomes_a_header(issue: Issue, field: str) -> None:
    values = {"subject": "a", "preheader": "b", "name": "c", field: "x\r\nBcc: all@nord.example"}
    with pytest.raises(Invalid):
        assembly.set_head(issue, **values)


def test_a_script_link_is_no_link(issue: Issue) -> None:
    block = assembly.add(issue, BlockKind.BUTTON)
    with pytest.raises(Invalid):
        assembly.edit(issue, block, {"label": "x", "url": "javascript:alert(1)"})


@pytest.mark.parametrize("state", [IssueState.IN_REVIEW, IssueState.APPROVED, IssueState.SENT])
def test_a_closed_issue_is_read_only(world: worlds.World, issue: Issue, state: IssueState) -> None:
    block = assembly.blocks(issue)[0]
    assembly.mark(issue, state)
    with pytest.raises(Conflict):
        assembly.open_issue(world.north.id, issue.id)
    with pytest.raises(Conflict):
        assembly.edit(issue, block, {"html": "<p>late</p>"})
