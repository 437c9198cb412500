"""Mail servers in the portal: kept by their owners, tried on demand, their passwords never shown."""

import pytest
from flask.testing import FlaskClient

from dispatcher.jobs import relays as job
from dispatcher.senders import Senders
from domain import clock
from domain.audit.models import AuditEntry
from domain.campaigns import outages
from domain.campaigns.models import Campaign, CampaignStatus
from domain.senders import breaker, sealing
from domain.senders.models import Relay
from tests.dispatcher.sinks import Sink
from tests.portal.conftest import HTMX
from tests.world import World

FORM = {
    "name": "Provider", "host": "smtp.provider.example", "port": "587", "security": "required", "verify": "y",
    "username": "nord", "password": "ganz geheim", "domains": "", "max_connections": "8", "per_second": "2,5",
    "per_hour": "", "active": "y",
}  # fmt: skip
AREAS = pytest.mark.parametrize(
    ("base", "owned"), [("/t/north/admin/relays", True), ("/house/relays", False)]
)


@AREAS
def test_a_server_is_added_changed_and_deleted(
    client: FlaskClient, world: World, sign_in, base, owned
) -> None:
    sign_in(client, world.administrator)
    answer = client.post(base, data=FORM)
    relay = Relay.get()
    assert answer.headers["Location"] == f"{base}/{relay.id}"
    assert (relay.tenant_id, relay.per_second) == (world.north.id if owned else None, 2.5)
    assert relay.test_asked_at is not None  # tried at once
    client.post(f"{base}/{relay.id}", data={**FORM, "name": "Anders", "password": ""})
    relay = Relay.get()
    assert relay.name == "Anders" and sealing.unseal(relay.secret, "relay") == "ganz geheim"
    assert client.get(base).text.count("Anders") >= 1
    assert client.get(f"{base}/{relay.id}/delete").status_code == 200 and Relay.select().exists()
    client.post(f"{base}/{relay.id}/delete")
    assert not Relay.select().exists()


@AREAS
def test_the_password_is_on_no_page_and_in_no_column_and_not_in_the_log(
    client: FlaskClient, world: World, sign_in, base, owned
) -> None:
    sign_in(client, world.administrator)
    client.post(base, data=FORM)
    relay = Relay.get()
    refused = client.post(f"{base}/{relay.id}", data={**FORM, "port": "x"})
    pages = [client.get(path).text for path in (base, f"{base}/{relay.id}", f"{base}/{relay.id}/delete")]
    assert refused.status_code == 422
    for text in (*pages, refused.text, str(relay.__data__), str([e.details for e in AuditEntry.select()])):
        assert "geheim" not in text
        assert text == str(relay.__data__) or relay.secret not in text


def test_what_was_typed_stays_when_it_is_refused(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.administrator)
    answer = client.post("/house/relays", data={**FORM, "host": "no host", "domains": "bad domain"})
    assert answer.status_code == 422 and not Relay.select().exists()
    assert (
        'value="no host"' in answer.text
        and "bad domain" in answer.text
        and 'aria-invalid="true"' in answer.text
    )


def test_a_new_address_needs_the_password_again(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.administrator)
    client.post("/house/relays", data=FORM)
    relay = Relay.get()
    answer = client.post(f"/house/relays/{relay.id}", data={**FORM, "host": "evil.example", "password": ""})
    assert answer.status_code == 422 and Relay.get().host == "smtp.provider.example"


def test_a_tenant_sees_and_changes_only_its_own(app, world: World, sign_in) -> None:
    north = sign_in(app.test_client(), world.administrator)
    north.post("/t/north/admin/relays", data=FORM)
    north.post("/house/relays", data={**FORM, "name": "Haus", "host": "house.example"})
    own, house = Relay.select().order_by(Relay.id)
    south = sign_in(app.test_client(), world.south_administrator)
    for relay in (own, house):
        for path in ("", "/delete", "/test"):
            assert south.get(f"/t/south/admin/relays/{relay.id}{path}").status_code == 404
        for path in ("", "/delete", "/test", "/close", "/move"):
            assert south.post(f"/t/south/admin/relays/{relay.id}{path}", data=FORM).status_code == 404
    page = south.get("/t/south/admin/relays").text
    assert "Haus" in page and "house.example" not in page and "smtp.provider" not in page
    assert south.get("/house/relays").status_code == 403


def test_only_the_house_opens_its_network_to_a_tenants_server(app, world: World, sign_in) -> None:
    south = sign_in(app.test_client(), world.south_administrator)
    south.post("/t/south/admin/relays", data={**FORM, "private": "y"})
    assert Relay.get().private is False
    assert 'name="private"' not in south.get("/t/south/admin/relays/new").text
    north = sign_in(app.test_client(), world.administrator)
    north.post("/t/north/admin/relays", data={**FORM, "private": "y"})
    assert Relay.get(Relay.tenant_id == world.north.id).private is True


def test_the_order_is_changed_with_buttons(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.administrator)
    for name in ("A", "B"):
        client.post("/house/relays", data={**FORM, "name": name})
    second = Relay.get(Relay.name == "B")
    client.post(f"/house/relays/{second.id}/move", data={"way": "up"})
    assert [r.name for r in Relay.select().order_by(Relay.position)] == ["B", "A"]


def test_the_test_button_answers_at_once_and_the_card_asks_until_the_result_is_there(
    client: FlaskClient, world: World, sign_in, tmp_path
) -> None:
    sign_in(client, world.administrator)
    with Sink().running() as sink:
        data = {**FORM, "host": "127.0.0.1", "port": str(sink.port), "security": "off", "username": ""}
        client.post("/house/relays", data=data)
        relay = Relay.get()
        card = client.post(f"/house/relays/{relay.id}/test", headers=HTMX)
        assert card.status_code == 200 and 'hx-trigger="every 1s"' in card.text
        job.sweep_for(Senders("catcher:", tmp_path))()
    card = client.get(f"/house/relays/{relay.id}/test", headers=HTMX)
    assert "every 1s" not in card.text and "PIPELINING" in card.text and "without encryption" in card.text


def test_without_script_the_test_button_leads_back_to_the_page(
    client: FlaskClient, world: World, sign_in
) -> None:
    sign_in(client, world.administrator)
    client.post("/house/relays", data=FORM)
    relay = Relay.get()
    answer = client.post(f"/house/relays/{relay.id}/test")
    assert answer.status_code == 303 and answer.headers["Location"] == f"/house/relays/{relay.id}"
    assert client.get(f"/house/relays/{relay.id}/test").status_code == 303


def test_what_the_test_found_is_said_in_words(client: FlaskClient, world: World, sign_in, tmp_path) -> None:
    sign_in(client, world.administrator)
    client.post("/house/relays", data={**FORM, "host": "no-such-host.invalid"})
    job.sweep_for(Senders("catcher:", tmp_path))()
    page = client.get(f"/house/relays/{Relay.get().id}").text
    assert "There is no server with the name no-such-host.invalid." in page and "Check how the name" in page


def test_an_open_breaker_is_shown_with_its_reason_and_closed_by_hand(
    client: FlaskClient, world: World, sign_in
) -> None:
    sign_in(client, world.administrator)
    client.post("/house/relays", data=FORM)
    relay = Relay.get()
    for _ in range(breaker.OPEN_AFTER):
        breaker.failed(relay.id, "421 4.7.0 <b>come back later</b>")
    campaign = Campaign.create(
        tenant_id=world.north.id, issue_id=1, type_id=1, name="Nr. 1", created_by_id=1,
        status=CampaignStatus.SENDING,
    )  # fmt: skip
    params = {"relay": "Provider", "reason": "421 come back later"}
    later = clock.moment(clock.epoch() + 900)
    assert outages.for_relay(campaign, outages.REASON, params, later)
    page = client.get(f"/house/relays/{relay.id}").text
    assert "421 4.7.0 &lt;b&gt;come back later" in page and "421 4.7.0" in client.get("/house/relays").text
    shown = client.get(f"/t/north/campaigns/{campaign.id}").text
    assert "The mail server “Provider” does not take mails: 421 come back later" in shown
    client.post(f"/house/relays/{relay.id}/close")
    assert not breaker.is_open(Relay.get())
    assert Campaign.get_by_id(campaign.id).wait_until <= clock.now()


def test_the_server_of_the_settings_is_shown_but_not_changed(
    client: FlaskClient, world: World, sign_in
) -> None:
    sign_in(client, world.administrator)
    row = Relay.create(name="smtp.house.example", host="smtp.house.example", from_settings=True)
    page = client.get(f"/house/relays/{row.id}").text
    assert "SMTP_URL" in page and 'name="host"' not in page
    for path in ("", "/delete", "/move"):
        assert client.post(f"/house/relays/{row.id}{path}", data=FORM).status_code == 409
    assert Relay.get_by_id(row.id).host == "smtp.house.example"
