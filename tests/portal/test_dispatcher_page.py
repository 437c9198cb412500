"""The page of the dispatcher and the tenant's queue: what processes report, put together and kept apart."""

from contextlib import contextmanager

import pytest
from flask.testing import FlaskClient

from dispatcher.engine.recorder import Pace
from dispatcher.worker import Deliver
from domain import clock
from domain.audit.models import AuditEntry
from domain.campaigns.models import Campaign
from domain.ledger import marks
from domain.ledger.models import DispatcherProcess
from domain.senders import breaker
from domain.senders.models import DomainRate, MailHost, Relay
from portal import dispatching
from tests.dispatcher.mailing import EngineSettings, mailing, tenant
from tests.dispatcher.sinks import Sink, closed_port
from tests.dispatcher.test_deliver import finished, until
from tests.portal.conftest import HTMX
from tests.world import World


@contextmanager
def engine(database: str, folder):
    running = Deliver(
        EngineSettings(folder, database, f"smtp://127.0.0.1:{closed_port()}"),
        Pace(scan_s=0.1, beat_s=0.5, sweep_s=0.3, report_s=0.1),
    )
    running.start()
    try:
        yield running
    finally:
        running.stop(20)


def process(**values: object) -> DispatcherProcess:
    now = clock.epoch()
    return DispatcherProcess.create(
        **{"name": "deliver", "host": "mx1", "boot_id": "b", "pid": 77, "journal": "j", "started_at": now,
           "heartbeat_at": now, **values}
    )  # fmt: skip


def test_what_a_process_sends_appears_on_the_page(
    client: FlaskClient, world: World, sign_in, database: str, tmp_path
) -> None:
    sign_in(client, world.administrator)
    with Sink().running() as sink:
        relay = Relay.create(name="Provider", host="127.0.0.1", port=sink.port, security="off")
        campaign = mailing(tenant("west"), 120)
        with engine(database, tmp_path):
            until(finished(campaign))
            until(lambda: sum(sum(r.sent.values()) for r in dispatching.picture().relays) >= 120)
            picture = dispatching.picture()
            page = client.get("/house/dispatcher")
    shown = next(r for r in picture.relays if r.row == relay)
    assert sum(shown.sent.values()) == 120 and shown.per_second > 0 and picture.chart.peak >= 60
    assert [p.state for p in picture.processes] == ["running"]
    assert "Provider" in page.text and "rb-chart" in page.text


def test_a_relay_in_trouble_is_told_with_its_words(
    client: FlaskClient, world: World, sign_in, database: str, tmp_path
) -> None:
    sign_in(client, world.administrator)
    with Sink(lambda verb, _: b"421 4.7.0 <i>too many</i>\r\n" if verb == "MAIL" else None).running() as sink:
        Relay.create(name="Provider", host="127.0.0.1", port=sink.port, security="off")
        mailing(tenant("west"), 5)
        with engine(database, tmp_path):
            until(lambda: dispatching.picture().errors)
            page = client.get("/house/dispatcher", headers=HTMX).text
    assert "4.7.0 &lt;i&gt;too many" in page and "Paused after an error" in page


def test_processes_that_are_silent_or_stopped_are_told_apart(
    client: FlaskClient, world: World, sign_in
) -> None:
    now = clock.epoch()
    process(pid=1, heartbeat_at=now - 60, figures={"relays": {"0": {"open": 9, "waiting": 0, "paused": False,
            "name": "", "host": "x:1", "idle": 0}}, "sent": {}, "errors": []})  # fmt: skip
    process(pid=2, stopped_at=now)
    process(pid=3)
    process(pid=4, heartbeat_at=now - 86_400)
    states = {p.row.pid: (p.state, p.open) for p in dispatching.picture().processes}
    assert states == {1: ("silent", 0), 2: ("stopped", 0), 3: ("running", 0)}
    sign_in(client, world.administrator)
    assert "Silent" in client.get("/house/dispatcher").text


def test_without_any_process_the_page_says_what_to_do(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.administrator)
    page = client.get("/house/dispatcher").text
    assert "No dispatcher has reported" in page and "No mailing is under way." in page


def test_the_figures_come_as_a_fragment_that_asks_again(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.administrator)
    for path in ("/house/dispatcher", "/t/north/admin/queue"):
        part = client.get(path, headers=HTMX).text
        assert part.lstrip().startswith("<div") and "<html" not in part and 'hx-trigger="every 2s"' in part


def test_queues_of_all_tenants_are_for_the_house_only(app, world: World, sign_in) -> None:
    mailing(world.south, 7)
    Campaign.update(name="Geheimes aus dem Süden").execute()
    house = sign_in(app.test_client(), world.administrator).get("/house/dispatcher").text
    assert "Südpost" in house and "Geheimes" not in house
    south = sign_in(app.test_client(), world.south_administrator)
    own = south.get("/t/south/admin/queue").text
    assert "Geheimes aus dem Süden" in own and ">7<" in own
    assert south.get("/house/dispatcher").status_code == 403
    north = sign_in(app.test_client(), world.administrator)
    assert "Geheimes" not in north.get("/t/north/admin/queue").text


def test_the_queue_shows_the_tenants_servers_and_those_of_the_house_without_their_addresses(
    client: FlaskClient, world: World, sign_in
) -> None:
    Relay.create(name="Eigener", host="own.example", tenant_id=world.north.id)
    house = Relay.create(name="Haus", host="house.example")
    Relay.create(name="Fremder", host="foreign.example", tenant_id=world.south.id)
    for _ in range(breaker.OPEN_AFTER):
        breaker.failed(house.id, "421 secret words")
    sign_in(client, world.administrator)
    page = client.get("/t/north/admin/queue").text
    assert "Eigener" in page and "Haus" in page and "Takes no mails" in page
    assert "Fremder" not in page and "house.example" not in page and "secret words" not in page


def test_rates_of_domains_are_set_and_removed(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.administrator)
    base = "/house/dispatcher/rates"
    client.post(base, data={"pattern": "*.Bücher.example", "per_second": "2,5", "max_connections": ""})
    client.post(base, data={"pattern": "*.bücher.example", "per_second": "3", "max_connections": "4"})
    rate = DomainRate.get()
    assert (rate.pattern, rate.per_second, rate.max_connections) == ("*.xn--bcher-kva.example", 3.0, 4)
    assert "*.xn--bcher-kva.example" in client.get("/house/dispatcher").text
    client.post(f"{base}/{rate.id}/remove")
    assert not DomainRate.select().exists()
    assert client.post(f"{base}/{rate.id}/remove").status_code == 404
    assert [e.act for e in AuditEntry.select().order_by(AuditEntry.id)] == [
        "rate.set",
        "rate.set",
        "rate.remove",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"pattern": "no domain", "per_second": "1"}, {"pattern": "x.example", "per_second": "", "max_connections": ""},
        {"pattern": "x.example", "per_second": "0"}, {"pattern": "x.example", "max_connections": "many"},
        {"pattern": "a.example b.example", "per_second": "1"},
    ],
)  # fmt: skip
def test_a_rate_that_makes_no_sense_is_refused_and_kept_in_the_form(
    client: FlaskClient, world: World, sign_in, wrong: dict[str, str]
) -> None:
    sign_in(client, world.administrator)
    answer = client.post("/house/dispatcher/rates", data=wrong, headers=HTMX)
    assert answer.status_code == 422 and f'value="{wrong["pattern"]}"' in answer.text
    assert not DomainRate.select().exists()


def test_troubles_of_the_same_kind_stand_there_once(client: FlaskClient, world: World, sign_in) -> None:
    now = clock.epoch()
    sign_in(client, world.administrator)
    process(figures={"errors": [[now - 60, "Provider", "421 no"], [now - 5, "Provider", "421 no"]]})
    process(pid=78, figures={"errors": [[now - 30, "Provider", "421 no"], [now - 2, "Other", "refused"]]})
    found = [(t.name, t.said, t.count, int(t.at.timestamp())) for t in dispatching.picture().errors]
    assert found == [("Other", "refused", 1, now - 2), ("Provider", "421 no", 3, now - 5)]
    page = client.get("/house/dispatcher").text
    assert page.count("421 no") == 1 and "3 times" in page


def test_a_machine_that_must_not_send_is_told_on_the_page(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.administrator)
    assert "does not send" not in client.get("/house/dispatcher").text
    marks.enter("m" * 40, "mx2", marks.NEW)
    page = client.get("/house/dispatcher", headers=HTMX).text
    assert "1 machine does not send: it may be a copy." in page and 'href="/house/sending"' in page


def test_a_rate_may_name_the_mail_server_of_domains(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.administrator)
    MailHost.create(domain="firma.example", mx="mx1.big.example", looked_at=1)
    client.post("/house/dispatcher/rates", data={"pattern": "*.Big.example", "per_second": "2", "by_mx": "y"})
    client.post("/house/dispatcher/rates", data={"pattern": "*.big.example", "per_second": "5"})
    assert sorted(rate.pattern for rate in DomainRate.select()) == ["*.big.example", "mx:*.big.example"]
    page = client.get("/house/dispatcher").text
    assert "mail server of 1 domain known so far" in page and "mx:" not in page
