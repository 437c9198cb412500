"""A tenant's life: blueprint, states, host name, support visits, export and deletion."""

import io
import zipfile
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatcher.jobs import tenants as jobs
from domain import clock
from domain.accounts import duties
from domain.accounts.models import DutyKind, Role, RolePermission
from domain.accounts.permissions import Permission
from domain.audit import log
from domain.audit.models import AuditEntry
from domain.content.models import Article, AssetUse
from domain.issues import blocktemplates
from domain.issues.models import Block
from domain.quotas import ceilings, ledger
from domain.quotas.models import Window
from domain.subscribers.facets.models import OwnField, StatusTrack, StatusValue
from domain.subscribers.models import DistributionList, NewsletterType, Subscriber
from domain.tenancy import territory
from domain.tenancy.models import Tenant, TerritoryNode
from mediadb import library, storage, urls
from mediadb.models import Asset
from portal.blueprints import house
from tests import mailings, pictures
from tests import world as worlds
from tests.world import World


@pytest.fixture
def admin(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.administrator)


def south(world: World) -> str:
    return f"/house/tenants/{world.south.id}"


def test_a_new_tenant_begins_as_a_copy_of_its_blueprint(admin: FlaskClient, world: World) -> None:
    role = Role.create(tenant_id=world.north.id, name="Branch editor")
    RolePermission.create(role=role, permission=Permission.CAMPAIGN_SEND.value, denied=True)
    ledger.set_limits(role.id, {Window.DAY: 70})
    ceilings.set_tenant_limits(world.north.id, {Window.MONTH: 900})
    admin.post(f"/house/tenants/{world.north.id}/kind", data={"is_blueprint": "1"})
    mailings.article(world)
    blocktemplates.keep(
        world.north.id, "Spende", [Block(kind="button", data={"label": "Ja"})], world.editor.id
    )
    assert admin.post("/house/tenants", data={"name": "Ost", "blueprint": world.south.id}).status_code == 404
    assert admin.post("/house/tenants", data={"name": "West", "blueprint": world.north.id}).status_code == 303
    west = Tenant.get(Tenant.slug == "west")
    copied = Role.get(Role.tenant_id == west.id)
    assert ledger.limits_of(copied.id) == {Window.DAY: 70}
    assert ceilings.tenant_limits(west.id) == {Window.MONTH: 900}
    assert copied.name == "Branch editor" and RolePermission.get(RolePermission.role == copied).denied
    assert NewsletterType.select().where(NewsletterType.tenant_id == west.id).count() == 3
    assert west.settings["imprint"] == world.north.settings["imprint"]
    assert [(kept.name, kept.parts) for kept in blocktemplates.every(west.id)] == [
        ("Spende", [["button", {"label": "Ja"}]])
    ]
    assert not Article.select().where(Article.tenant_id == west.id).exists()


def test_a_blueprint_gives_own_fields_tracks_territories_and_the_logo(
    admin: FlaskClient, world: World
) -> None:
    north = world.north.id
    logo = library.upload(north, world.editor.id, "logo.png", pictures.plain())
    world.north.settings = {**world.north.settings, "logo_id": logo.id}
    world.north.is_blueprint = True
    world.north.save()
    field = OwnField.create(tenant_id=north, key="member_no", name="Mitgliedsnummer")
    track = StatusTrack.create(tenant_id=north, name="Spendenlauf")
    StatusValue.create(tenant_id=north, track_id=track.id, name="angefragt")
    child = TerritoryNode.create(tenant_id=north, name="Kreis Plön")
    top = TerritoryNode.create(tenant_id=north, name="Land")
    TerritoryNode.update(parent_id=top.id).where(TerritoryNode.id == child.id).execute()
    kept = DistributionList.create(tenant_id=north, name="Vorstand")
    NewsletterType.update(signup_fields=[field.id], list_ids=[kept.id]).where(
        NewsletterType.id == world.types["city"].id
    ).execute()
    admin.post("/house/tenants", data={"name": "West", "blueprint": north})
    west = Tenant.get(Tenant.slug == "west")
    mine = Asset.get(Asset.tenant_id == west.id)
    assert west.settings["logo_id"] == mine.id != logo.id and mine.sha256 == logo.sha256
    assert AssetUse.get(AssetUse.tenant_id == west.id).asset_id == mine.id
    own = OwnField.get(OwnField.tenant_id == west.id)
    value = StatusValue.get(StatusValue.tenant_id == west.id)
    assert (
        value.track_id == StatusTrack.get(StatusTrack.tenant_id == west.id).id and value.name == "angefragt"
    )
    assert [(n.name, n.path) for n in territory.every(west.id)] == [
        ("Land", "Land"),
        ("Kreis Plön", "Land › Kreis Plön"),
    ]
    kind = NewsletterType.get(
        NewsletterType.tenant_id == west.id, NewsletterType.slug == world.types["city"].slug
    )
    lists = DistributionList.get(DistributionList.tenant_id == west.id, DistributionList.name == "Vorstand")
    assert (own.key, kind.signup_fields, kind.list_ids) == ("member_no", [own.id], [lists.id])
    assert urls.path(mine, "card") in admin.get("/t/west/admin/tenant").text


def test_people_of_a_suspended_tenant_get_a_clear_page(
    app: Flask, admin: FlaskClient, world: World, sign_in
) -> None:
    admin.post(f"{south(world)}/status", data={"status": "blocked"})
    editor = sign_in(app.test_client(), world.south_editor)
    page = editor.get("/t/south/")
    assert page.status_code == 403 and "suspended" in page.text
    assert app.test_client().get("/n/south").status_code == 404
    assert editor.get("/t/north/").status_code == 404, "a stranger learns nothing"
    assert "Your tenant is suspended" in editor.get("/", follow_redirects=True).text


def test_a_host_name_serves_only_its_tenants_public_pages(
    app: Flask, admin: FlaskClient, world: World
) -> None:
    for wrong in ("https://x.example", "no dots", "north.example/path"):
        assert admin.post(f"{south(world)}/host", data={"host": wrong}).status_code == 422
    admin.post(f"{south(world)}/host", data={"host": "News.Sued.example"})
    taken = admin.post(f"/house/tenants/{world.north.id}/host", data={"host": "news.sued.example"})
    assert taken.status_code == 422 and "taken" in taken.text
    visitor, there = app.test_client(), {"base_url": "http://news.sued.example"}
    assert visitor.get("/n/south", **there).status_code == 200
    assert visitor.get("/n/north", **there).status_code == 404
    assert visitor.get("/", **there).headers["Location"].endswith("/n/south")
    signin = visitor.get("/signin", **there)
    assert signin.status_code == 302 and "news.sued.example" not in signin.headers["Location"]
    assert visitor.post("/signin", **there).status_code == 404


def test_support_types_the_name_of_a_tenant_that_the_list_does_not_show(
    admin: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "PAGE_SIZE", 1)
    first, found = (
        admin.get("/support").text,
        admin.get("/support", query_string={"q": world.south.name}).text,
    )
    south, north = (f'<option value="{tenant.id}"' for tenant in (world.south, world.north))
    assert "These are the first ones." in first and not (south in first and north in first)
    assert south in found and north not in found
    assert "No tenant with this name." in admin.get("/support?q=nowhere").text
    refused = admin.post("/support", data={"tenant": world.south.id, "reason": ""}).text
    assert f"{south} selected" in refused, "the choice is kept beside the error"


def test_a_support_visit_is_shown_and_ends(app: Flask, admin: FlaskClient, world: World, sign_in) -> None:
    assert admin.get("/t/south/").status_code == 404
    assert admin.post("/support", data={"tenant": world.south.id, "reason": ""}).status_code == 422
    answer = admin.post("/support", data={"tenant": world.south.id, "reason": "Ticket 4711, import"})
    assert answer.headers["Location"] == "/t/south/"
    page = admin.get("/t/south/").text
    assert "Ticket 4711, import" in page and "Leave" in page
    assert admin.post("/t/south/admin/people", data={}).status_code == 403, "rights are not for support"
    assert admin.post("/support/leave").status_code == 303
    assert admin.get("/t/south/").status_code == 404
    editor = sign_in(app.test_client(), world.south_editor)
    assert editor.get("/support").status_code == 404
    assert editor.post("/support", data={"tenant": world.north.id, "reason": "curiosity"}).status_code == 404
    owner = sign_in(app.test_client(), world.south_administrator)
    assert "Ticket 4711" in owner.get("/t/south/admin/log").text


def test_the_export_holds_everything_of_the_tenant_and_nothing_else(admin: FlaskClient, world: World) -> None:
    mailings.subscriber(world, "Anna", city="=HYPERLINK(1)")
    library.upload(world.north.id, world.editor.id, "bild.png", pictures.plain())
    Subscriber.create(tenant_id=world.south.id, first_name="Fremd", address="fremd@sued.example")
    answer = admin.post("/t/north/admin/tenant/export")
    data = answer.data
    answer.close()
    packed = zipfile.ZipFile(io.BytesIO(data))
    everything = "".join(packed.read(n).decode("utf-8", "replace") for n in packed.namelist())
    assert "anna@leser.example" in everything and "fremd@sued.example" not in everything
    assert "'=HYPERLINK(1)" in everything
    assert any(name.startswith("media/") and name.endswith("bild.png") for name in packed.namelist())


def test_deletion_waits_can_be_taken_back_and_then_leaves_nothing(admin: FlaskClient, world: World) -> None:
    shared = pictures.plain(colour="red")
    kept = library.upload(world.north.id, world.editor.id, "a.png", shared)
    own = library.upload(world.south.id, world.south_editor.id, "b.png", pictures.plain(colour="blue"))
    library.upload(world.south.id, world.south_editor.id, "c.png", shared)
    assert admin.post(f"{south(world)}/delete", data={"typed": "north"}).status_code == 422
    admin.post(f"{south(world)}/delete", data={"typed": "south"})
    assert jobs.delete_due() == 0, "it waits"
    admin.post(f"{south(world)}/keep")
    Tenant.update(delete_at=None).where(Tenant.delete_at.is_null(False)).execute()
    admin.post(f"{south(world)}/delete", data={"typed": "south"})
    Tenant.update(delete_at=clock.now() - timedelta(seconds=1)).where(Tenant.id == world.south.id).execute()
    assert jobs.delete_due() == 1
    assert not Tenant.select().where(Tenant.slug == "south").exists()
    for model in jobs.tables():
        if model._meta.table_name not in jobs.STAYS:
            assert not model.select().where(model.tenant_id == world.south.id).exists(), model
    assert storage.path_of(kept.sha256).exists() and not storage.path_of(own.sha256).exists()
    assert Asset.select().where(Asset.tenant_id == world.north.id).exists()
    assert log.verify(world.south.id) is None and log.verify(log.HOUSE) is None


def test_who_administers_a_subtree_founds_moves_and_suspends_tenants_below_and_nothing_else(
    app: Flask, admin: FlaskClient, world: World, sign_in
) -> None:
    head = worlds.person("regional", world.south, world.roles["editor"])
    duties.give(world.south, head, DutyKind.ADMINISTER, world.administrator)
    regional = sign_in(app.test_client(), head)
    listed = regional.get("/house/tenants").text
    assert "Südpost" in listed and "Verlag Nord" not in listed
    assert 'href="/house/tenants"' in regional.get("/t/south/").text
    for place in ("", str(world.north.id)):
        assert regional.post("/house/tenants", data={"name": "Away", "parent": place}).status_code in (
            404,
            422,
        )
    assert regional.post("/house/tenants", data={"name": "Tal", "parent": world.south.id}).status_code == 303
    assert regional.post("/house/tenants", data={"name": "Au", "parent": world.south.id}).status_code == 303
    tal, au = Tenant.get(Tenant.slug == "tal"), Tenant.get(Tenant.slug == "au")
    assert regional.get("/t/tal/admin/people").status_code == 200
    place = f"/house/tenants/{tal.id}"
    assert regional.post(f"{place}/status", data={"status": "no_sending"}).status_code == 303
    assert Tenant.get_by_id(tal.id).status == "no_sending"
    assert regional.post(f"{place}/parent", data={"parent": au.id}).status_code == 303
    assert Tenant.get_by_id(tal.id).parent_id == au.id
    assert regional.post(f"/house/tenants/{au.id}/parent", data={"parent": tal.id}).status_code == 409, (
        "a ring"
    )
    assert regional.post(f"{place}/parent", data={"parent": world.north.id}).status_code == 404
    for act in ("host", "delete", "keep", "export"):
        assert regional.post(f"{place}/{act}", data={"typed": "tal"}).status_code == 403, act
    for foreign in (world.north.id, world.south.id):
        assert regional.get(f"/house/tenants/{foreign}").status_code == 404
        assert (
            regional.post(f"/house/tenants/{foreign}/status", data={"status": "blocked"}).status_code == 404
        )
    given = {"email": head.email, "kind": "support"}
    assert regional.post(f"{place}/duties", data=given).status_code == 422, "a duty that he does not have"
    assert regional.get("/house/log").status_code == 403
    acts = [
        e.act
        for e in AuditEntry.select().where(AuditEntry.tenant_id == log.HOUSE, AuditEntry.user_id == head.id)
    ]
    assert acts.count("tenant.found") == 2 and "tenant.move" in acts and "tenant.status" in acts


def test_who_deletes_a_tenant_can_take_all_of_it_along_first(admin: FlaskClient, world: World) -> None:
    answer = admin.post(f"{south(world)}/export", data={"reference": "T-9"})
    assert "tenant.json" in zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    answer.close()
    told = AuditEntry.select().where(AuditEntry.act == "tenant.export", AuditEntry.reference == "T-9")
    assert {entry.tenant_id for entry in told} == {log.HOUSE, world.south.id}
