"""Sender domains in the portal: proof, vouching, checks, keys; and what an unverified sender keeps from happening."""

from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatcher.jobs import domains as job
from domain import clock
from domain.audit.models import AuditEntry
from domain.campaigns.models import Campaign, CampaignStatus
from domain.senders import domains, keys
from domain.senders.models import DkimKey, KeyState, Proof, SenderDomain
from tests import mailings
from tests.dispatcher.nameserver import NameServer
from tests.world import World

URL = "/t/north/admin/senders"


@pytest.fixture
def admin(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.administrator)


@pytest.fixture
def domain(world: World) -> SenderDomain:
    return domains.add(world.north.id, "nord.example", world.administrator.id)


def test_a_domain_is_added_and_shows_the_record_that_proves_it(admin: FlaskClient, world: World) -> None:
    answer = admin.post(URL, data={"domain": "Nord.Example"})
    made = SenderDomain.get()
    assert answer.status_code == 303 and answer.headers["Location"].endswith(f"{URL}/{made.id}")
    assert (made.tenant_id, made.domain, made.verified_at) == (world.north.id, "nord.example", None)
    name, value = domains.proof_record(made)
    page = admin.get(f"{URL}/{made.id}").text
    assert name in page and value in page and "Not verified" in page and 'hx-trigger="every 2s"' in page
    assert "nord.example" in admin.get(URL).text


@pytest.mark.parametrize("text", ["", "not a domain", "nord", "x@nord.example", "nord.example\r\nBcc: a"])
def test_what_is_no_domain_stays_in_the_form(admin: FlaskClient, text: str) -> None:
    answer = admin.post(URL, data={"domain": text})
    assert answer.status_code == 422 and not SenderDomain.select().exists()
    assert not text or text.split("\r")[0] in answer.text


def test_the_house_vouches_with_a_reason_that_the_log_keeps(
    admin: FlaskClient, world: World, domain: SenderDomain
) -> None:
    assert admin.post(f"{URL}/{domain.id}/vouch", data={"reason": " "}).status_code == 422
    assert admin.post(f"{URL}/{domain.id}/vouch", data={"reason": "by phone"}).status_code == 303
    found = SenderDomain.get_by_id(domain.id)
    assert (found.proof, found.reason, found.verified_by_id) == (
        Proof.VOUCHED,
        "by phone",
        world.administrator.id,
    )
    assert AuditEntry.get(AuditEntry.act == "sender.vouch").details["reason"] == "by phone"
    assert "Vouched for by Administrator" in admin.get(f"{URL}/{domain.id}").text


def test_a_tenant_cannot_vouch_for_itself(client: FlaskClient, world: World, sign_in) -> None:
    mine = domains.add(world.south.id, "gmail.com", world.south_administrator.id)
    sign_in(client, world.south_administrator)
    answer = client.post(f"/t/south/admin/senders/{mine.id}/vouch", data={"reason": "trust me"})
    assert answer.status_code == 403 and SenderDomain.get_by_id(mine.id).verified_at is None
    assert "Vouch for the domain" not in client.get(f"/t/south/admin/senders/{mine.id}").text


def test_another_tenants_domains_and_keys_are_not_there(
    client: FlaskClient, world: World, sign_in, domain: SenderDomain
) -> None:
    key = keys.add(domain, "rsa", "private", "cHVi", 1)
    sign_in(client, world.south_administrator)
    south = f"/t/south/admin/senders/{domain.id}"
    assert client.get(south).status_code == 404 == client.get(f"{south}/remove").status_code
    for act in ("check", "vouch", "remove", "keys", f"keys/{key.id}/on"):
        assert client.post(f"{south}/{act}", data={"reason": "x", "algorithm": "rsa"}).status_code == 404
    assert "nord.example" not in client.get("/t/south/admin/senders").text


def test_only_who_may_edit_senders_sees_them(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.editor)
    assert client.get(URL).status_code == 404


def test_removing_asks_first_and_names_what_stops(
    admin: FlaskClient, world: World, domain: SenderDomain
) -> None:
    Campaign.create(
        tenant_id=world.north.id, issue_id=1, type_id=1, name="Frühjahr", status=CampaignStatus.SENDING,
        sender_address="news@nord.example", created_by_id=1,
    )  # fmt: skip
    page = admin.get(f"{URL}/{domain.id}/remove")
    assert "Frühjahr" in page.text and SenderDomain.select().exists()
    assert admin.post(f"{URL}/{domain.id}/remove").status_code == 303
    assert not SenderDomain.select().exists()


def test_a_check_is_asked_for_done_and_shown(
    app: Flask, admin: FlaskClient, world: World, domain: SenderDomain, settings
) -> None:
    SenderDomain.update(asked_at=None).execute()
    assert admin.post(f"{URL}/{domain.id}/check").status_code == 303
    assert SenderDomain.get_by_id(domain.id).asked_at is not None
    with NameServer().running() as dns:
        name, value = domains.proof_record(domain)
        dns.has(name, "TXT", value)
        dns.has("nord.example", "TXT", 'v=spf1 ip4:192.0.2.1 -all <script>alert("x")</script>')
        dns.has("nord.example", "MX", "5 mx.nord.example.")
        house = SimpleNamespace(
            dns_resolver=dns.address, outgoing_ips=("192.0.2.9",), smtp_url="smtp://relay.example",
            instance=settings.instance, public_url=settings.public_url,
        )  # fmt: skip
        job.run(domain.id, house)
    part = admin.get(f"{URL}/{domain.id}", headers={"HX-Request": "true"})
    assert "<html" not in part.text and "every 2s" not in part.text
    assert "The record that proves the domain stands in DNS." in part.text
    assert "v=spf1 ip4:192.0.2.9 ip4:192.0.2.1 -all" in part.text
    assert "<script>" not in part.text and "&lt;script&gt;" in part.text
    assert "Bounces and answers go to mx.nord.example." in part.text
    page = admin.get(f"{URL}/{domain.id}").text
    assert "Proved by DNS" in page and "3 red" in admin.get(URL).text


def test_a_key_is_made_shown_in_parts_and_switched_on_only_when_seen(
    admin: FlaskClient, world: World, domain: SenderDomain
) -> None:
    url = f"{URL}/{domain.id}"
    assert admin.post(f"{url}/keys", data={"algorithm": "dsa"}).status_code == 422
    assert admin.post(f"{url}/keys", data={"algorithm": "rsa"}).status_code == 303
    key = DkimKey.get()
    page = admin.get(url).text
    assert f"{key.selector}._domainkey.nord.example" in page and key.public in page
    assert key.sealed not in page and "PRIVATE" not in page
    assert admin.post(f"{url}/keys/{key.id}/on").status_code == 409
    assert DkimKey.get().state == KeyState.WAITING
    DkimKey.update(seen_at=clock.now()).execute()
    assert admin.post(f"{url}/keys/{key.id}/on").status_code == 303
    assert DkimKey.get().state == KeyState.ACTIVE
    assert admin.post(f"{url}/keys/{key.id}/remove").status_code == 409
    assert admin.post(f"{url}/keys/{key.id}/off").status_code == 303
    assert "Signs no more" in admin.get(url).text
    assert admin.get(f"{url}/keys/{key.id}/remove").status_code == 200 and DkimKey.select().exists()
    assert admin.post(f"{url}/keys/{key.id}/remove").status_code == 303 and not DkimKey.select().exists()
    assert admin.post(f"{url}/keys/{key.id}/dance").status_code == 404
    told = admin.get("/t/north/admin/log").text
    assert "made a DKIM key for the domain nord.example" in told and key.selector in told


def test_a_sender_in_use_that_is_not_verified_is_pointed_out(admin: FlaskClient, world: World) -> None:
    assert "nord.example is set as sender and not verified" in admin.get(URL).text
    assert "nord.example is set as sender and not verified" in admin.get("/t/north/admin/tenant").text
    mailings.verified(world)
    assert "is set as sender and not verified" not in admin.get(URL).text


def test_a_test_mail_in_an_unverified_name_is_refused_in_plain_words(
    client: FlaskClient, world: World, sign_in
) -> None:
    issue = mailings.issue(world)
    sign_in(client, world.editor)
    answer = client.post(f"/t/north/issues/{issue.id}/test", data={})
    assert answer.status_code == 422
    assert "nord.example is no verified sender domain of this tenant" in answer.text
