"""The pages of releases: what is given, what is received, and that a recall holds at the next click."""

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.accounts import policy, rolemaking
from domain.accounts.models import Membership
from domain.accounts.permissions import Permission as P
from domain.audit.models import AuditEntry
from domain.content.models import Article
from domain.issues import mailtemplates
from domain.issues.models import Block
from domain.releases import ledger
from domain.releases.models import Release, ReleaseMode
from domain.segments import saved
from domain.subscribers import suppression
from domain.subscribers.models import DistributionList
from domain.tenancy.models import Tenant
from mediadb import library
from mediadb.models import Asset
from tests import mailings, pictures
from tests.world import World

TEMPLATE_FORM = {
    "name": "Haus und Filialen", "page": "#f3f1ec", "sheet": "#fefefe", "ink": "#1f2328", "soft": "#3a3f45",
    "line": "#e1ded7", "foot_ground": "#f7f6f3", "heading_font": "verdana", "width": "640", "text_size": "16",
    "corners": "8", "logo_width": "200", "head": "band",
}  # fmt: skip


@pytest.fixture
def branch(world: World) -> Tenant:
    Tenant.update(parent_id=world.north.id).where(Tenant.id == world.south.id).execute()
    return Tenant.get_by_id(world.south.id)


@pytest.fixture
def admin(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.administrator)


@pytest.fixture
def editor(app: Flask, world: World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.south_administrator)


def test_head_office_releases_and_the_branch_links_copies_and_loses(
    admin: FlaskClient, editor: FlaskClient, world: World, branch: Tenant
) -> None:
    article = mailings.article(world, title="Brücke zu")
    assert "Brücke zu" in admin.get("/t/north/releases/new?kind=article").text
    data = {"kind": "article", "object": article.id, "to": branch.id}
    assert admin.post("/t/north/releases", data=data).status_code == 303
    assert admin.post("/t/north/releases", data=data).status_code == 409
    release = Release.get()
    page = editor.get("/t/south/releases").text
    assert "Brücke zu" in page and "Verlag Nord" in page
    url = f"/t/south/releases/received/{release.id}"
    assert "Brücke zu" in editor.get(url).text and "Ab Montag." in editor.get(f"{url}/body").text
    issue = editor.post("/t/south/issues", data={"type_id": world.types["south"].id})
    path = issue.headers["Location"]
    assert "Verlag Nord" in editor.get(path).text, "it stands beside the own articles, with its origin"
    assert editor.post(f"{path}/blocks", data={"article_id": article.id, "version": 1}).status_code < 400
    assert "Ab Montag." in editor.get(f"{path}/preview").text
    assert editor.post(f"{url}/copy").status_code == 303
    copy = Article.get(Article.tenant_id == branch.id)
    assert "used 2 times" in admin.get("/t/north/releases").text
    assert admin.post(f"/t/north/releases/{release.id}/recall").status_code == 303
    assert editor.get(url).status_code == editor.get(f"{url}/body").status_code == 404
    assert editor.post(f"{url}/copy").status_code == 404
    assert "Ab Montag." not in editor.get(f"{path}/preview").text
    assert editor.get(f"/t/south/articles/{copy.id}").status_code == 200


def test_the_log_says_what_a_release_was_before_and_after(
    admin: FlaskClient, world: World, branch: Tenant
) -> None:
    article = mailings.article(world, title="Brücke zu")
    data = {
        "kind": "article",
        "object": article.id,
        "to": branch.id,
        "mode": "administer",
        "until": "2031-05-01",
    }
    admin.post("/t/north/releases", data=data)
    admin.post(f"/t/north/releases/{Release.get().id}/recall")
    acts = {e.act: e.details for e in AuditEntry.select().where(AuditEntry.act.startswith("release."))}
    said = {"to": "Südpost", "mode": "administer", "with_subtree": False}
    assert acts["release.give"]["before"] is None and said.items() <= acts["release.give"]["after"].items()
    assert (
        acts["release.recall"]["after"] is None and said.items() <= acts["release.recall"]["before"].items()
    )
    page = admin.get("/t/north/admin/log").text
    assert "To: Südpost" in page and "Mode: to use and administer → –" in page


def test_what_is_not_yours_cannot_be_released(admin: FlaskClient, world: World, branch: Tenant) -> None:
    foreign = Article.create(
        tenant_id=branch.id, title="x", author_id=world.south_editor.id, state="accepted"
    )
    data = {"kind": "article", "object": foreign.id, "everybody": "1"}
    assert admin.post("/t/north/releases", data=data).status_code == 404
    own = mailings.article(world)
    assert admin.post("/t/north/releases", data={"kind": "article", "object": own.id}).status_code == 422
    stranger = Tenant.create(slug="stranger", name="Stranger")
    data = {"kind": "article", "object": own.id, "to": stranger.id}
    assert admin.post("/t/north/releases", data=data).status_code == 404
    assert "Stranger" not in admin.get("/t/north/releases/new").text


def test_what_is_released_and_to_whom_is_found_by_typing(
    admin: FlaskClient, world: World, branch: Tenant
) -> None:
    for number in range(25):
        Tenant.create(slug=f"b{number}", name=f"Zweig {number:02}", parent_id=world.north.id)
    far = Tenant.create(slug="weser", name="Größere Weser", parent_id=world.north.id)
    old = mailings.article(world, title="Die Brücke", folded="die brucke")
    for number in range(25):
        mailings.article(world, title=f"Später {number:02}")
    page = admin.get("/t/north/releases/new").text
    assert "Die Brücke" not in page and "Später 24" in page and "Größere Weser" in page
    assert "Zweig 24" not in page and "Type to find them" in page
    page = admin.get(f"/t/north/releases/new?object={old.id}&to={far.id}&q=bruecke&t=zweig+24").text
    assert "Die Brücke" in page and "Später" not in page and "Zweig 24" in page and "Zweig 01" not in page
    assert f'value="{far.id}" checked' in page, "what is ticked stays"
    fragment = admin.get("/t/north/releases/new?t=groessere", headers={"HX-Request": "true"}).text
    assert "<form" not in fragment and "Größere Weser" in fragment and "Zweig" not in fragment
    typed = {"kind": "article", "object": old.id, "to": far.id, "t": "weser", "search": "1"}
    assert "Größere Weser" in admin.post("/t/north/releases", data=typed).text, "also without script"
    assert not Release.select().exists()


def test_only_who_may_releases(app: Flask, world: World, branch: Tenant, sign_in) -> None:
    auditor = sign_in(app.test_client(), world.auditor)
    assert auditor.get("/t/north/releases").status_code == 200
    assert auditor.post("/t/north/releases", data={}).status_code == 403
    journalist = sign_in(app.test_client(), world.journalist)
    assert journalist.get("/t/north/releases").status_code == 404


def given(admin: FlaskClient, branch: Tenant, kind: str, object_id: int = 0, **more: object) -> Release:
    data = {"kind": kind, "object": object_id, "to": branch.id, **more}
    assert admin.post("/t/north/releases", data=data).status_code == 303
    return Release.select().order_by(Release.id.desc()).get()


def test_a_person_is_lent_and_called_back(
    app: Flask, admin: FlaskClient, editor: FlaskClient, world: World, branch: Tenant, sign_in
) -> None:
    lent = sign_in(app.test_client(), world.editor)
    assert "Editor" in admin.get("/t/north/releases/new?kind=user").text
    release = given(admin, branch, "user", world.editor.id)
    assert "Editor" in editor.get("/t/south/admin/people").text, "beside the own people, with the origin"
    page = editor.get(f"/t/south/releases/received/{release.id}").text
    assert "Let the person work here" in page
    assert lent.get("/t/south/issues").status_code == 404
    url = f"/t/south/releases/received/{release.id}/employ"
    assert editor.post(url, data={"role_id": world.roles["editor"].id}).status_code == 303
    assert lent.get("/t/south/issues").status_code == 200
    assert "works there with a role" in admin.get(f"/t/north/releases/{release.id}/uses").text
    admin.post(f"/t/north/releases/{release.id}/recall")
    assert lent.get("/t/south/issues").status_code == 404, "at the next click"


def test_what_is_released_to_administer_is_changed_there(
    admin: FlaskClient, editor: FlaskClient, world: World, branch: Tenant
) -> None:
    article = mailings.article(world, title="Brücke zu")
    used = given(admin, branch, "article", article.id)
    body = {
        "title": "Brücke offen",
        "teaser": "Doch.",
        "body": "<p>Ab heute.</p>",
        "version": article.version,
    }
    assert editor.post(f"/t/south/releases/received/{used.id}/article", data=body).status_code == 404
    release = given(admin, branch, "article", article.id, mode="administer")
    url = f"/t/south/releases/received/{release.id}"
    assert "Change the article" in editor.get(url).text
    assert editor.post(f"{url}/article", data=body).status_code == 303
    assert Article.get_by_id(article.id).title == "Brücke offen"
    folder = library.make_folder(world.north.id, "Fotos")
    shared = given(admin, branch, "folder", folder.id, mode="administer")
    files = {"file": (io.BytesIO(pictures.plain()), "a.png")}
    assert editor.post(f"/t/south/releases/received/{shared.id}/files", data=files).status_code == 303
    (picture,) = library.find(world.north.id, folder.id).assets
    issue = editor.post("/t/south/issues", data={"type_id": world.types["south"].id}).headers["Location"]
    editor.post(f"{issue}/blocks", data={"kind": "picture", "version": 1})
    assert f'data-choose="{picture.id}"' in editor.get(f"/t/south/media/pick?folder=-{shared.id}").text
    block = Block.select().where(Block.tenant_id == branch.id, Block.kind == "picture").get()
    chosen = {"asset_id": picture.id, "alt": "Ein Foto", "version": 2}
    assert editor.post(f"{issue}/blocks/{block.id}", data=chosen).status_code == 303
    own = Block.get_by_id(block.id).data["asset_id"]
    assert library.get(branch.id, own).sha256 == picture.sha256, "an own copy of the shared picture"
    admin.post(f"/t/north/releases/{shared.id}/recall")
    assert editor.get(f"/t/south/media/pick?folder=-{shared.id}").status_code == 404
    assert editor.post(f"{issue}/blocks/{block.id}", data={**chosen, "version": 3}).status_code == 404


def test_administering_a_robinson_list_for_others_is_a_right_of_its_own(
    app: Flask, admin: FlaskClient, editor: FlaskClient, world: World, branch: Tenant, sign_in
) -> None:
    manager = sign_in(app.test_client(), world.subscriber_manager)
    entry = {"value": "rita@leser.example", "reason": "Brief"}
    assert manager.post("/t/north/suppression", data=entry).status_code == 303
    release = given(admin, branch, "robinson", mode="administer")
    refused = manager.post("/t/north/suppression", data={**entry, "value": "otto@leser.example"})
    assert refused.status_code == 403 and "right of its own" in refused.text
    url = f"/t/south/releases/received/{release.id}"
    page = editor.get(url).text
    assert "Administer this list" in page and "rita@leser.example" not in page
    data = {"address": "otto@leser.example", "reason": "Anruf", "act": "add"}
    assert editor.post(f"{url}/robinson", data=data).status_code == 303
    assert suppression.is_suppressed(world.north.id, "otto@leser.example")
    known = editor.post(f"{url}/robinson", data={**data, "act": "remove"}, follow_redirects=True).text
    data["address"] = "nie@leser.example"
    unknown = editor.post(f"{url}/robinson", data={**data, "act": "remove"}, follow_redirects=True).text
    assert "If the address stood on the list" in known and "If the address stood on the list" in unknown
    assert "holds there" in admin.get(f"/t/north/releases/{release.id}/uses").text


def test_an_issue_goes_into_another_tenant_only_with_rights_in_both(
    app: Flask, admin: FlaskClient, world: World, branch: Tenant, sign_in
) -> None:
    issue = mailings.issue(world)
    url = f"/t/north/issues/{issue.id}/copy"
    alone = sign_in(app.test_client(), world.editor)
    assert "no other tenant" in alone.get(url).text
    assert alone.post(url, data={"tenant_id": branch.id}).status_code == 404
    Membership.create(tenant_id=branch.id, user=world.editor, role=world.roles["editor"])
    answer = alone.post(url, data={"tenant_id": branch.id})
    assert answer.status_code == 303 and "/t/south/issues/" in answer.headers["Location"]
    assert "Leinebrücke" in alone.get(answer.headers["Location"]).text


def test_a_released_role_is_given_to_people_of_the_receiver(
    admin: FlaskClient, editor: FlaskClient, world: World, branch: Tenant
) -> None:
    role = rolemaking.create_role(world.north.id, "Chef vom Dienst", world.administrator)
    rights = policy.rights_of(world.administrator, world.north.id)
    rolemaking.set_permissions(role, frozenset({P.VOLUME_SEE}), world.administrator, rights, world.north.id)
    release = given(admin, branch, "role", role.id)
    assert "Sees how many mails were sent" in editor.get(f"/t/south/releases/received/{release.id}").text
    person = f"/t/south/admin/people/{world.south_editor.id}"
    page = editor.get(person).text
    assert "Chef vom Dienst" in page and "from Verlag Nord" in page
    wanted = {"roles": [world.roles["editor"].id, role.id]}
    assert editor.post(f"{person}/roles", data=wanted).status_code == 303
    assert role.id in policy.rights_of(world.south_editor, branch.id).role_ids
    admin.post(f"/t/north/releases/{release.id}/recall")
    assert role.id not in policy.rights_of(world.south_editor, branch.id).role_ids
    assert editor.post(f"{person}/roles", data=wanted).status_code == 404


def lent(
    world: World, branch: Tenant, kind: str, object_id: int, mode: ReleaseMode = ReleaseMode.ADMINISTER
) -> Release:
    """A release to the branch, by default to be administered."""
    (made,) = ledger.give(
        world.north, kind, object_id, ledger.To((branch.id,)), world.administrator, mode=mode
    )
    return made


def test_a_mail_template_is_changed_by_the_branch_that_administers_it(
    editor: FlaskClient, world: World, branch: Tenant
) -> None:
    template = mailtemplates.create(world.north.id, "Haus", "paper", world.administrator.id)
    here = f"/t/south/admin/templates/{template.id}"
    assert editor.get(here).status_code == 404
    used = lent(world, branch, "template", template.id, ReleaseMode.USE)
    assert editor.get(here).status_code == 404 and editor.post(here, data={}).status_code == 404
    ledger.recall(world.north.id, used.id, world.administrator)
    release = lent(world, branch, "template", template.id)
    page = editor.get(here).text
    assert "from Verlag Nord" in page and "Delete the template" not in page
    logo = library.upload(branch.id, world.south_administrator.id, "logo.png", pictures.plain())
    form = {**TEMPLATE_FORM, "version": template.version, "logo_id": str(logo.id)}
    assert editor.post(here, data=form).status_code == 303
    changed = mailtemplates.get(world.north.id, template.id)
    assert changed.name == "Haus und Filialen"
    assert Asset.get_by_id(changed.design["logo_id"]).tenant_id == world.north.id, "the owner's copy of it"
    logged = {e.tenant_id for e in AuditEntry.select().where(AuditEntry.act == "release.changed")}
    assert logged == {world.north.id, branch.id}
    assert (
        editor.post(f"{here}/delete").status_code == 404 and editor.post(f"{here}/default").status_code == 404
    )
    ledger.recall(world.north.id, release.id, world.administrator)
    assert editor.get(here).status_code == 404 and editor.post(here, data=form).status_code == 404


def test_files_of_an_administered_folder_are_described_and_replaced(
    editor: FlaskClient, world: World, branch: Tenant
) -> None:
    folder = library.make_folder(world.north.id, "Logos")
    asset = library.upload(world.north.id, world.editor.id, "alt.png", pictures.plain(), folder.id)
    outside = library.upload(world.north.id, world.editor.id, "geheim.png", pictures.plain(colour="red"))
    release = lent(world, branch, "folder", folder.id)
    here = f"/t/south/releases/received/{release.id}/files"
    assert f"{here}/{asset.id}" in editor.get(f"/t/south/releases/received/{release.id}").text
    assert editor.get(f"{here}/{outside.id}").status_code == 404
    assert "from Verlag Nord" in editor.get(f"{here}/{asset.id}").text
    data = {"title": "Wappen", "alt": "Ein Wappen", "credit": ""}
    assert editor.post(f"{here}/{asset.id}", data=data).status_code == 303
    new = {"file": (io.BytesIO(pictures.plain(colour="navy")), "neu.png")}
    assert editor.post(f"{here}/{asset.id}/replace", data=new).status_code == 303
    assert editor.post(f"{here}/{asset.id}/replace", data={}).status_code == 422
    found = library.get(world.north.id, asset.id)
    assert (found.title, found.filename, found.public_key == asset.public_key) == ("Wappen", "neu.png", False)
    for path in (f"{here}/{outside.id}", f"{here}/{outside.id}/replace"):
        assert editor.post(path, data=data).status_code == 404
    ledger.recall(world.north.id, release.id, world.administrator)
    assert editor.get(f"{here}/{asset.id}").status_code == 404
    assert editor.post(f"{here}/{asset.id}", data=data).status_code == 404


def test_the_question_of_an_administered_segment_comes_from_one_of_the_branch(
    editor: FlaskClient, world: World, branch: Tenant
) -> None:
    tree = {"match": "all", "rules": [{"field": "person:city", "op": "is", "value": ["Ulm"]}]}
    theirs = saved.save(world.north.id, "Nahe", tree, ["person:city"], world.administrator.id)
    asked = {"match": "all", "rules": [{"field": "person:city", "op": "is", "value": ["Kiel"]}]}
    ours = saved.save(branch.id, "Unsere", asked, [], world.south_administrator.id)
    release = lent(world, branch, "segment", theirs.id)
    here = f"/t/south/releases/received/{release.id}"
    assert "Change what it asks" in editor.get(here).text
    assert editor.post(f"{here}/segment", data={"segment": theirs.id}).status_code == 404, "it is no own one"
    assert editor.post(f"{here}/segment", data={"segment": ours.id}).status_code == 303
    changed = saved.get(world.north.id, theirs.id)
    assert changed.query["rules"][0]["value"] == ["Kiel"]
    assert (changed.name, changed.columns) == ("Nahe", ["person:address", "person:city"])
    listed = next(iter(DistributionList.select().where(DistributionList.tenant_id == branch.id)))
    DistributionList.update(name="Nur hier").where(DistributionList.id == listed.id).execute()
    only = {"match": "all", "rules": [{"field": "list", "op": "is", "value": [str(listed.id)]}]}
    saved.save(branch.id, "Unsere", only, [], world.south_administrator.id, ours)
    answer = editor.post(f"{here}/segment", data={"segment": ours.id})
    assert answer.status_code == 409 and "Nur hier" in answer.text
    ledger.recall(world.north.id, release.id, world.administrator)
    assert editor.post(f"{here}/segment", data={"segment": ours.id}).status_code == 404
