"""Pages of mail templates: made from a starter, tried, saved, released, written as HTML."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.accounts.models import RolePermission
from domain.accounts.permissions import Permission as P
from domain.issues import design, mailtemplates
from domain.issues.models import MailTemplate
from domain.issues.starters import STARTERS
from domain.releases import ledger
from domain.subscribers.models import NewsletterType
from mediadb import library
from tests import pictures
from tests import world as worlds

HERE = "/t/north/admin/templates"
FORM = {
    "name": "Haus", "page": "#f3f1ec", "sheet": "#fefefe", "ink": "#1f2328", "soft": "#3a3f45", "line": "#e1ded7",
    "foot_ground": "#f7f6f3", "accent": "#123456", "own_accent": "y", "heading_font": "verdana", "width": "640",
    "text_size": "16", "corners": "8", "logo_width": "200", "show_name": "y", "head": "band",
    "foot_text": "<p>Gruß<script>x</script></p>", "link_mastodon": "https://m.example/@n",
}  # fmt: skip


@pytest.fixture
def admin(client: FlaskClient, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(client, world.administrator)


@pytest.fixture
def made(world: worlds.World) -> MailTemplate:
    return mailtemplates.create(world.north.id, "Haus", "paper", world.administrator.id)


def test_a_template_is_made_from_a_starter_and_its_form_saves(
    admin: FlaskClient, world: worlds.World
) -> None:
    page = admin.get(HERE).text
    assert all(f'value="{key}"' in page for key in STARTERS)
    answer = admin.post(HERE, data={"name": "Nachts", "starter": "night"})
    assert answer.status_code == 303
    assert admin.post(HERE, data={"name": "Nachts", "starter": "night"}).status_code == 422
    assert admin.post(HERE, data={"name": "X", "starter": "nope"}).status_code == 404
    one = mailtemplates.every(world.north.id)[0]
    assert design.of(one.design) == STARTERS["night"].design
    assert admin.post(answer.location, data={**FORM, "version": one.version}).status_code == 303
    found = design.of(mailtemplates.get(world.north.id, one.id).design)
    assert (found.accent, found.heading_font, found.width, found.head) == ("#123456", "verdana", 640, "band")
    assert found.foot_text == "<p>Gruß</p>" and found.links == (("mastodon", "https://m.example/@n"),)
    assert not found.show_date
    page = admin.get(answer.location).text
    assert 'value="#123456"' in page and "Gruß" in page


def test_without_script_the_logo_is_chosen_from_a_list(
    admin: FlaskClient, world: worlds.World, made: MailTemplate
) -> None:
    asset = library.upload(world.north.id, world.administrator.id, "logo.png", pictures.plain(200, 60))
    assert f'<option value="{asset.id}"' in admin.get(f"{HERE}/{made.id}").text
    chosen = {
        **FORM,
        "logo_id": [str(asset.id), ""],
        "version": made.version,
    }  # the list, then the hidden field
    assert admin.post(f"{HERE}/{made.id}", data=chosen).status_code == 303
    assert design.of(mailtemplates.get(world.north.id, made.id).design).logo_id == asset.id


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"page": "red"}, "six digits"), ({"width": "5000"}, "from 480 to 720"),
        ({"soft": "#fafafa"}, "hardly be read"),
        ({"link_x": "javascript:a()"}, "begins with https://"), ({"name": " "}, "Give the template a name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(
    admin: FlaskClient, made: MailTemplate, wrong: dict[str, str], said: str
) -> None:
    answer = admin.post(f"{HERE}/{made.id}", data={**FORM, "tagline": "Getippt", **wrong, "version": 1})
    assert answer.status_code == 422 and said in answer.text and 'value="Getippt"' in answer.text
    assert mailtemplates.get(made.tenant_id, made.id).version == 1


def test_an_old_version_of_a_template_is_refused(admin: FlaskClient, made: MailTemplate) -> None:
    assert admin.post(f"{HERE}/{made.id}", data={**FORM, "version": 1}).status_code == 303
    assert admin.post(f"{HERE}/{made.id}", data={**FORM, "version": 1}).status_code == 409


def test_the_preview_shows_what_is_typed_and_saves_nothing(admin: FlaskClient, made: MailTemplate) -> None:
    shown = admin.post(f"{HERE}/{made.id}/sample", data={**FORM, "tagline": "Nur versucht", "width": "9999"})
    assert "Nur versucht" in shown.text and "#123456" in shown.text and "max-width:600px" in shown.text
    assert shown.headers["Content-Security-Policy"].startswith("sandbox") and "{{" not in shown.text
    assert "Nur versucht" not in admin.get(f"{HERE}/{made.id}/sample").text
    assert "Lesung" in admin.get(f"{HERE}/starters/gazette").text or "Reading" in shown.text
    assert admin.get(f"{HERE}/starters/nope").status_code == 404


def test_the_preview_is_light_or_dark_as_chosen(admin: FlaskClient, made: MailTemplate) -> None:
    light = admin.get(f"{HERE}/{made.id}/sample").text
    assert "color-scheme:light" in light and "prefers-color-scheme:dark" not in light
    typed = admin.post(f"{HERE}/{made.id}/sample", data={**FORM, "part": "dark"}).text
    assert "color-scheme:dark" in typed and "prefers-color-scheme:dark" not in typed


def test_html_and_css_need_the_right_and_are_cleaned(
    app: Flask, admin: FlaskClient, world: worlds.World, made: MailTemplate, sign_in
) -> None:
    source = {
        "html": "<div onclick=x>{content}<script>1</script>{foot}</div>",
        "css": "h1{color:red} @import 'x';",
    }
    tried = admin.post(f"{HERE}/{made.id}/sample", data={**source, "css": "td{color:#abcdef}"})
    assert "#abcdef" in tried.text and "onclick" not in tried.text
    assert admin.post(f"{HERE}/{made.id}/source", data={**source, "version": 1}).status_code == 303
    saved = mailtemplates.get(made.tenant_id, made.id)
    assert (saved.html, saved.css) == ("<div>{content}{foot}</div>", "h1 { color: red }")
    refused = admin.post(
        f"{HERE}/{made.id}/source", data={"html": "<p>{content}</p>", "css": "", "version": 2}
    )
    assert refused.status_code == 422 and "{foot}" in refused.text and "&lt;p&gt;{content}" in refused.text
    editor = sign_in(app.test_client(), world.editor)
    assert editor.get(f"{HERE}/{made.id}/source").status_code in (403, 404)
    assert editor.post(f"{HERE}/{made.id}", data=FORM).status_code == 403
    RolePermission.create(role=world.roles["editor"], permission=P.ISSUE_HTML)
    assert editor.post(f"{HERE}/{made.id}/source", data={**source, "version": 2}).status_code == 403


def test_a_released_template_is_used_and_copied_but_not_changed(
    app: Flask, admin: FlaskClient, world: worlds.World, made: MailTemplate, sign_in
) -> None:
    south = sign_in(app.test_client(), world.south_administrator)
    there = "/t/south/admin/templates"
    for path in (f"{there}/{made.id}", f"{there}/{made.id}/sample"):
        assert south.get(path).status_code == 404
    ledger.give(world.north, "template", made.id, ledger.To(everybody=True), world.administrator)
    page = south.get(there).text
    assert "Haus" in page and world.north.name in page
    assert south.get(f"{there}/{made.id}/sample").status_code == 200
    assert south.get(f"{there}/{made.id}").status_code == 404
    for act in ("", "/source", "/default", "/delete", "/types"):
        assert south.post(f"{there}/{made.id}{act}", data=FORM).status_code == 404
    assert south.post(f"{there}/{made.id}/copy").status_code == 303
    assert [t.name for t in mailtemplates.every(world.south.id)] == ["Haus"]


def test_default_types_copy_and_deleting(admin: FlaskClient, world: worlds.World, made: MailTemplate) -> None:
    city, foreign = world.types["city"], world.types["south"]
    assert admin.post(f"{HERE}/{made.id}/types", data={"type_id": foreign.id}).status_code == 404
    assert admin.post(f"{HERE}/{made.id}/types", data={"type_id": city.id}).status_code == 303
    assert NewsletterType.get_by_id(city.id).template_id == made.id
    assert admin.post(f"{HERE}/{made.id}/delete").status_code == 409
    admin.post(f"{HERE}/{made.id}/types")
    admin.post(f"{HERE}/{made.id}/copy")
    assert [t.name for t in mailtemplates.every(world.north.id)] == ["Haus", "Haus (2)"]
    admin.post(f"{HERE}/{made.id}/default")
    assert mailtemplates.chosen(world.north).id == made.id
    assert admin.post(f"{HERE}/{made.id}/delete").status_code == 303
    assert [t.name for t in mailtemplates.every(world.north.id)] == ["Haus (2)"]
