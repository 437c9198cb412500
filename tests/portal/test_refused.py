"""Who did not come in stands in the log of the installation, and nobody fills it that way."""

from flask import Flask
from flask.testing import FlaskClient

from domain import clock
from domain.accounts.models import User
from domain.audit import log
from domain.audit.models import AuditEntry
from domain.senders.models import Relay
from domain.tenancy import territory
from mediadb import library
from tests import pictures
from tests.world import PASSWORD, World

HOUSE = "/house/log"
PAGE = "/t/north/admin/log"


def refused() -> list[tuple[str, str, int | None]]:
    rows = AuditEntry.select().where(AuditEntry.act.startswith("sign_in.")).order_by(AuditEntry.number)
    return [(row.act, row.kind, row.object_id) for row in rows if row.tenant_id == log.HOUSE]


def test_a_refused_sign_in_stands_in_the_log_without_what_was_typed(
    client: FlaskClient, world: World, sign_in
) -> None:
    client.post("/signin", data={"email": world.editor.email, "password": "wrong"})
    client.post("/signin", data={"email": "my-secret-password@x.example", "password": "wrong"})
    assert refused() == [("sign_in.failed", "user", world.editor.id), ("sign_in.failed", "stranger", None)]
    assert not AuditEntry.select().where(AuditEntry.details.cast("TEXT").contains("secret")).exists()
    User.update(administers_house=True).where(User.id == world.administrator.id).execute()
    page = sign_in(client, world.administrator).get(HOUSE).text
    assert "refused Editor to sign in: the password was wrong" in page
    assert "refused an unknown address to sign in" in page


def test_a_tenant_reads_of_refused_sign_ins_of_its_own_people_only(
    app: Flask, client: FlaskClient, world: World, sign_in
) -> None:
    for email in (world.editor.email, world.south_editor.email, "x@people.example"):
        client.post("/signin", data={"email": email, "password": "wrong"})
    page = sign_in(app.test_client(), world.auditor).get(f"{PAGE}?area=sign_in").text
    assert page.count("to sign in: the password was wrong") == 1 and "refused Editor to sign in" in page


def test_whoever_tries_again_and_again_does_not_fill_the_log(client: FlaskClient, world: World) -> None:
    for _ in range(14):
        client.post("/signin", data={"email": world.editor.email, "password": "wrong"})
    for number in range(30):
        client.post("/signin", data={"email": f"x{number}@people.example", "password": "wrong"})
    acts = refused()
    mine = ("user", world.editor.id)
    assert acts.count(("sign_in.failed", *mine)) == acts.count(("sign_in.many", *mine)) == 3
    assert acts.count(("sign_in.failed", "stranger", None)) == 20
    assert client.post("/signin", data={"email": world.sender.email, "password": PASSWORD}).status_code == 303


def test_a_changed_end_and_territory_stand_in_the_log_before_and_after(
    client: FlaskClient, world: World, sign_in
) -> None:
    node = territory.create(world.north.id, "Landesverband Nord", None, world.administrator.id)
    url = f"/t/north/admin/people/{world.journalist.id}/roles"
    role, year = world.roles["journalist"].id, clock.now().year + 1
    sign_in(client, world.administrator)
    client.post(url, data={"roles": role, "until": f"{year}-03-01", "territory_id": node.id})
    page = client.get(f"{PAGE}?area=user").text
    assert "Territory: – → Landesverband Nord" in page and f"{year}" in page and "Until: – → " in page
    client.post(url, data={"roles": role, "until": f"{year + 1}-03-01", "territory_id": node.id})
    row = AuditEntry.select().where(AuditEntry.act == "user.roles").order_by(AuditEntry.number.desc()).first()
    before, after = row.details["bounds"]
    assert before["territory"] == after["territory"] == node.id
    assert before["until"][:4] == str(year) and after["until"][:4] == str(year + 1)
    assert client.get(f"{PAGE}?area=user").text.count("Territory: ") == 1


def test_files_and_mail_servers_stand_in_the_log_by_name(client: FlaskClient, world: World, sign_in) -> None:
    asset = library.upload(world.north.id, world.editor.id, "sommerfest.png", pictures.plain())
    relay = Relay.create(tenant_id=world.north.id, name="Unser Relay", host="smtp.example.org")
    ours = Relay.create(name="Relay des Hauses", host="smtp.example.net")
    foreign = Relay.create(tenant_id=world.south.id, name="Relay Süd", host="smtp.example.com")
    library.trash(asset, world.editor.id)
    log.record(world.north.id, "media.rights", kind="asset", object_id=asset.id)
    for row in (relay, ours, foreign):
        log.record(world.north.id, "relay.change", kind="relay", object_id=row.id)
    page = sign_in(client, world.auditor).get(PAGE).text
    assert "moved the file “sommerfest.png” to the trash" in page
    assert "changed who reaches the file “sommerfest.png”" in page
    assert "the mail server “Unser Relay”" in page and "the mail server “Relay des Hauses”" in page
    assert "Relay Süd" not in page and f"mail server {foreign.id}" in page
