"""Mail templates of which the head office has fixed parts: copies keep them, follow them, and change the rest."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatcher.jobs import copies
from dispatcher.rendering import looks
from domain.errors import Conflict, NotFound
from domain.issues import design, fixing, mailtemplates
from domain.issues.models import MailTemplate
from domain.releases import ledger
from mediadb import library
from mediadb.models import Asset
from tests import pictures
from tests import world as worlds

LOOK = {
    "page": "#111111", "sheet": "#fefefe", "ink": "#1f2328", "soft": "#3a3f45", "line": "#e1ded7", "accent": "#123456",
    "foot_ground": "#f7f6f3", "heading_font": "verdana", "width": "640", "tagline": "Aus dem Norden", "show_name": "y",
}  # fmt: skip


@pytest.fixture
def original(app: Flask, world: worlds.World) -> MailTemplate:
    logo = library.upload(world.north.id, world.editor.id, "logo.png", pictures.plain())
    made = mailtemplates.create(world.north.id, "Haus", "paper", world.editor.id)
    made = mailtemplates.save(made, "Haus", {**LOOK, "logo_id": logo.id}, made.version, world.editor.id)
    mailtemplates.make_default(made, world.editor.id)
    ledger.give(world.north, "template", made.id, ledger.To(everybody=True), world.administrator)
    return mailtemplates.get(world.north.id, made.id)


@pytest.fixture
def copy(world: worlds.World, original: MailTemplate) -> MailTemplate:
    fixing.save(original, ["logo", "colours"], world.editor.id)
    return copies.template(original, world.south, world.south_administrator)


def changed(template: MailTemplate, world: worlds.World, **values: object) -> MailTemplate:
    user = world.south_administrator.id if template.tenant_id == world.south.id else world.editor.id
    template = mailtemplates.get(template.tenant_id, template.id)
    return mailtemplates.save(template, template.name, values, template.version, user)


def test_a_copy_keeps_what_is_fixed_and_changes_the_rest(world: worlds.World, copy: MailTemplate) -> None:
    with pytest.raises(Conflict):
        changed(copy, world, page="#222222")
    with pytest.raises(Conflict):
        changed(copy, world, logo_alt="Unser eigenes Zeichen")
    changed(copy, world, tagline="Aus dem Süden", width="500")
    look = looks.made(world.south, mailtemplates.get(world.south.id, copy.id))
    assert (look.design.page, look.accent) == ("#111111", "#123456")
    assert (look.design.tagline, look.design.width) == ("Aus dem Süden", 500)
    assert look.logo is not None and look.logo.tenant_id == world.north.id
    with pytest.raises(Conflict):
        mailtemplates.save_source(
            copy, mailtemplates.FRAME, "", copy.version + 1, world.south_administrator.id
        )


def test_what_is_fixed_follows_the_original_until_it_is_free_or_gone(
    world: worlds.World, original: MailTemplate, copy: MailTemplate
) -> None:
    changed(original, world, **{**LOOK, "page": "#333333", "heading_font": "georgia"})
    now = fixing.of(mailtemplates.get(world.south.id, copy.id))
    assert (now.design.page, now.design.heading_font) == ("#333333", "verdana")
    assert (now.parts, now.by_tenant_id) == (("colours", "logo"), world.north.id)
    fixing.save(original, [], world.editor.id)
    assert fixing.of(copy).parts == () and fixing.of(copy).design.page == "#111111"
    fixing.save(original, ["head"], world.editor.id)
    assert fixing.of(copy).parts == ("head",)
    other = mailtemplates.create(world.north.id, "Neu", "paper", world.editor.id)
    mailtemplates.make_default(other, world.editor.id)
    mailtemplates.delete(mailtemplates.get(world.north.id, original.id), world.editor.id)
    assert fixing.of(copy).parts == ()


def test_a_copy_of_a_copy_stays_bound(world: worlds.World, copy: MailTemplate) -> None:
    again = mailtemplates.duplicate(world.south.id, copy, "Noch eine", world.south_administrator.id)
    with pytest.raises(Conflict):
        changed(again, world, page="#222222")
    ledger.give(world.south, "template", copy.id, ledger.To(everybody=True), world.south_administrator)
    back = copies.template(copy, world.north, world.editor)
    assert fixing.of(back).parts == ("colours", "logo") and fixing.of_copies(copy) == ("colours", "logo")


def test_the_owner_is_bound_by_nothing_and_knows_only_real_parts(
    world: worlds.World, original: MailTemplate
) -> None:
    fixing.save(original, list(fixing.PARTS), world.editor.id)
    assert changed(original, world, **{**LOOK, "page": "#444444"}).design["page"] == "#444444"
    with pytest.raises(NotFound):
        fixing.save(original, ["everything"], world.editor.id)


def test_every_value_of_a_design_belongs_to_one_part_at_most() -> None:
    named = [key for _name, keys in fixing.PARTS.values() for key in keys]
    assert len(named) == len(set(named)) and set(named) <= set(design.Design().__dict__)
    assert set(design.Design().__dict__) - set(named) == {
        "utm",
        *design.UTM,
    }  # how links are counted is no look


def test_fixed_colours_without_one_of_their_own_are_those_of_the_owner(
    world: worlds.World, original: MailTemplate
) -> None:
    for tenant, colour in ((world.north, "#004400"), (world.south, "#660000")):
        tenant.settings = {**tenant.settings, "colour": colour}
        tenant.save()
    changed(original, world, **{**LOOK, "accent": ""})
    free = mailtemplates.get(world.north.id, original.id)
    assert looks.made(world.south, free).accent != looks.made(world.north, free).accent
    fixing.save(free, ["colours"], world.editor.id)
    copied = copies.template(free, world.south, world.south_administrator)
    owners = looks.made(world.north, free).accent
    assert looks.made(world.south, free).accent == looks.made(world.south, copied).accent == owners


def test_a_free_copy_brings_its_logo_along_and_is_nobodys_default(
    world: worlds.World, original: MailTemplate
) -> None:
    made = copies.template(original, world.south, world.south_administrator)
    assert not made.is_default
    logo = Asset.get_by_id(made.design["logo_id"])
    assert logo.tenant_id == world.south.id
    assert looks.made(world.south, made).logo == logo


def test_the_page_shows_what_is_fixed_and_the_owner_chooses_it(
    app: Flask, world: worlds.World, original: MailTemplate, sign_in
) -> None:
    north: FlaskClient = sign_in(app.test_client(), world.administrator)
    url = f"/t/north/admin/templates/{original.id}"
    assert north.post(f"{url}/locks", data={"part": ["colours", "foot"]}).status_code == 303
    assert MailTemplate.get_by_id(original.id).locks == ["colours", "foot"]
    assert north.post(f"{url}/locks", data={"part": "nothing"}).status_code == 404
    south: FlaskClient = sign_in(app.test_client(), world.south_administrator)
    here = "/t/south/admin/templates"
    assert "these parts stay fixed: Colours, Foot" in south.get(here).text
    page = south.post(f"{here}/{original.id}/copy").location
    text = south.get(page).text
    assert "Verlag Nord has fixed parts" in text and "What copies must keep" not in text
    form = {"name": "Haus", "version": "1", "page": "#ff0000", "tagline": "Neu"}
    assert south.post(page, data=form).status_code == 409
    del form["page"]
    assert south.post(page, data=form).status_code == 303
    assert "#111111" in south.get(f"{page}/sample").text and "Neu" in south.get(f"{page}/sample").text
    tried = south.post(f"{page}/sample", data={**form, "tagline": "Probe"}).text
    assert "#111111" in tried and "Probe" in tried
    assert "Parts fixed" in south.get(here).text
