"""Block templates: kept from an issue, inserted into others as copies, released, changed by the branch, recalled."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.errors import Conflict
from domain.issues import assembly, blocktemplates
from domain.issues.models import Block, BlockKind, BlockTemplate, Issue
from domain.releases import ledger
from domain.releases.models import ReleaseMode
from domain.tenancy.models import Tenant
from mediadb import library
from mediadb.models import Asset
from tests import mailings, pictures
from tests.world import World


@pytest.fixture
def editor(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.editor)


@pytest.fixture
def branch(app: Flask, world: World, sign_in) -> FlaskClient:
    """The editor of south, which is a branch of north here."""
    Tenant.update(parent_id=world.north.id).where(Tenant.id == world.south.id).execute()
    return sign_in(app.test_client(), world.south_editor)


def _issue(world: World, tenant: str = "north") -> Issue:
    kind, user = ("city", world.editor) if tenant == "north" else ("south", world.south_editor)
    return assembly.create(getattr(world, tenant).id, world.types[kind].id, user.id)


def _filled(world: World) -> tuple[Issue, list[Block]]:
    """An issue with an introduction, a button, a picture and an article."""
    issue = _issue(world)
    button = assembly.add(issue, BlockKind.BUTTON)
    assembly.edit(issue, button, {"label": "Jetzt spenden", "url": "https://nord.example/spende"})
    asset = library.upload(world.north.id, world.editor.id, "haus.png", pictures.plain())
    picture = assembly.add(issue, BlockKind.PICTURE)
    assembly.edit(issue, picture, {"asset_id": asset.id, "alt": "Das Haus"})
    assembly.add_article(issue, mailings.article(world).id)
    return issue, assembly.blocks(issue)


def _kept(editor: FlaskClient, issue: Issue, blocks: list[Block], name: str = "Spende") -> BlockTemplate:
    data = {"name": name, "block": [str(block.id) for block in blocks]}
    assert editor.post(f"/t/north/issues/{issue.id}/blocks/keep", data=data).status_code == 303
    return BlockTemplate.get(BlockTemplate.name == name)


def _kinds(issue: Issue) -> list[str]:
    return [str(block.kind) for block in assembly.blocks(issue)]


def test_a_group_of_blocks_is_kept_and_inserted_as_copies(editor: FlaskClient, world: World) -> None:
    issue, blocks = _filled(world)
    page = editor.get(f"/t/north/issues/{issue.id}/blocks/keep?block={blocks[1].id}").text
    assert re.search(rf'value="{blocks[1].id}" checked', page) and f'value="{blocks[3].id}"' not in page
    made = _kept(editor, issue, blocks)
    assert [kind for kind, _data in made.parts] == ["intro", "button", "picture"], "articles are not kept"
    other = _issue(world)
    palette = editor.get(
        f"/t/north/issues/{other.id}/sources?source=parts", headers={"HX-Request": "true"}
    ).text
    assert "Spende" in palette and "3 blocks" in palette
    url = f"/t/north/issues/{other.id}/blocks/from/{made.id}"
    assert editor.post(url, data={"version": other.version}).status_code == 303
    other = assembly.get(world.north.id, other.id)
    assert _kinds(other) == ["intro", "intro", "button", "picture"]
    assert "Jetzt spenden" in editor.get(f"/t/north/issues/{other.id}/preview").text
    assert (
        editor.post(
            f"/t/north/issues/{other.id}/steps", data={"way": "undo", "version": other.version}
        ).status_code
        < 400
    )
    assert _kinds(assembly.get(world.north.id, other.id)) == ["intro"], "one step takes all of it out again"


def test_a_template_is_looked_at_renamed_changed_and_deleted(editor: FlaskClient, world: World) -> None:
    issue, blocks = _filled(world)
    made = _kept(editor, issue, blocks[1:3])
    here = f"/t/north/admin/blocks/{made.id}"
    assert "Spende" in editor.get("/t/north/admin/blocks").text
    assert "Jetzt spenden" in editor.get(here).text and "Jetzt spenden" in editor.get(f"{here}/sample").text
    assert editor.post(here, data={"name": " ", "version": made.version}).status_code == 422
    assert editor.post(here, data={"name": "Spendenaufruf", "version": made.version}).status_code == 303
    assert editor.post(here, data={"name": "Zu spät", "version": made.version}).status_code == 409
    data = {"instead": made.id, "block": str(blocks[0].id)}
    assert editor.post(f"/t/north/issues/{issue.id}/blocks/keep", data=data).status_code == 303
    made = BlockTemplate.get_by_id(made.id)
    assert (made.name, [kind for kind, _data in made.parts]) == ("Spendenaufruf", ["intro"])
    assert editor.post(f"/t/north/issues/{issue.id}/blocks/keep", data={"name": "Leer"}).status_code == 422
    assert editor.post(f"{here}/delete").status_code == 303
    assert editor.get(here).status_code == 404 and len(_kinds(issue)) == 4


def test_its_pictures_cannot_be_deleted_meanwhile(editor: FlaskClient, world: World) -> None:
    issue, blocks = _filled(world)
    made = _kept(editor, issue, [blocks[2]])
    for block in blocks:
        assembly.remove(issue, block)
    asset = Asset.get(Asset.tenant_id == world.north.id)
    with pytest.raises(Conflict):
        library.trash(asset, world.editor.id)
    assert "Spende" in editor.get(f"/t/north/media/{asset.id}").text
    blocktemplates.delete(made, world.editor.id)
    library.trash(asset, world.editor.id)


def test_the_branch_inserts_a_released_one_with_own_pictures_until_it_is_recalled(
    editor: FlaskClient, branch: FlaskClient, world: World
) -> None:
    issue, blocks = _filled(world)
    made = _kept(editor, issue, blocks[1:3])
    mine = _issue(world, "south")
    url = f"/t/south/issues/{mine.id}/blocks/from/{made.id}"
    assert branch.post(url, data={"version": mine.version}).status_code == 404
    (release,) = ledger.give(
        world.north, "block_template", made.id, ledger.To((world.south.id,)), world.administrator
    )
    assert "Verlag Nord" in branch.get("/t/south/admin/blocks").text
    assert "Verlag Nord" in branch.get(f"/t/south/issues/{mine.id}?source=parts").text
    assert "Jetzt spenden" in branch.get(f"/t/south/admin/blocks/{made.id}/sample").text
    assert branch.get(f"/t/south/releases/received/{release.id}").status_code == 200
    assert branch.post(url, data={"version": mine.version}).status_code == 303
    mine = assembly.get(world.south.id, mine.id)
    picture = assembly.blocks(mine)[-1]
    assert Asset.get_by_id(picture.data["asset_id"]).tenant_id == world.south.id
    assert (
        branch.post(f"/t/south/admin/blocks/{made.id}", data={"name": "Meins", "version": 1}).status_code
        == 404
    )
    ledger.recall(world.north.id, release.id, world.administrator)
    assert branch.get(f"/t/south/admin/blocks/{made.id}").status_code == 404
    assert branch.get(f"/t/south/admin/blocks/{made.id}/sample").status_code == 404
    assert branch.post(url, data={"version": mine.version}).status_code == 404
    assert _kinds(assembly.get(world.south.id, mine.id)) == ["intro", "button", "picture"], (
        "what was inserted stays"
    )


def test_released_to_be_administered_the_branch_changes_the_original_and_cannot_delete_it(
    editor: FlaskClient, branch: FlaskClient, world: World
) -> None:
    issue, blocks = _filled(world)
    made = _kept(editor, issue, [blocks[1]])
    to = ledger.To((world.south.id,))
    ledger.give(world.north, "block_template", made.id, to, world.administrator, mode=ReleaseMode.ADMINISTER)
    mine = _issue(world, "south")
    asset = library.upload(world.south.id, world.south_editor.id, "markt.png", pictures.plain())
    picture = assembly.add(mine, BlockKind.PICTURE)
    assembly.edit(mine, picture, {"asset_id": asset.id, "alt": "Der Markt"})
    data = {"instead": made.id, "block": str(picture.id)}
    assert branch.post(f"/t/south/issues/{mine.id}/blocks/keep", data=data).status_code == 303
    changed = BlockTemplate.get_by_id(made.id)
    assert changed.tenant_id == world.north.id and changed.parts[0][0] == "picture"
    assert Asset.get_by_id(changed.parts[0][1]["asset_id"]).tenant_id == world.north.id
    assert (
        branch.post(f"/t/south/admin/blocks/{made.id}", data={"name": "Markt", "version": 2}).status_code
        == 303
    )
    assert branch.post(f"/t/south/admin/blocks/{made.id}/delete").status_code == 404


def test_a_copy_of_a_released_one_is_the_tenants_own(
    editor: FlaskClient, branch: FlaskClient, world: World
) -> None:
    issue, blocks = _filled(world)
    made = _kept(editor, issue, blocks[1:3])
    (release,) = ledger.give(
        world.north, "block_template", made.id, ledger.To((world.south.id,)), world.administrator
    )
    assert branch.post(f"/t/south/releases/received/{release.id}/copy").status_code == 303
    ledger.recall(world.north.id, release.id, world.administrator)
    copy = BlockTemplate.get(BlockTemplate.tenant_id == world.south.id)
    assert copy.name == "Spende" and branch.get(f"/t/south/admin/blocks/{copy.id}").status_code == 200
