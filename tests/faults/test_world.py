"""F13, F17 to F19, D16: the clock jumps, the network is cut, one recipient's values are damaged, people sign off
meanwhile, the machine's mark differs.

Not shown: DNS SERVFAIL and a null MX (mails go to a relay, never to the MX of a recipient) and packets that vanish
(a stalled server is the same to us, F8)."""

import json
import random
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from domain.campaigns import erasure
from domain.campaigns.models import Campaign, CampaignStatus
from domain.ledger import marks
from domain.ledger.models import Delivery, DeliveryPayload, DispatcherProcess
from domain.ledger.states import DeliveryState
from domain.subscribers.models import Consent, Subscriber, Subscription, Suppression
from tests.dispatcher.mailing import mailing, tenant
from tests.dispatcher.sinks import Sink, closed_port
from tests.faults.scene import FULL, PEOPLE, deliver, due_now, finished, promised, states, until

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def slow(verb, line):
    if verb == "BODY":
        time.sleep(0.02)


@pytest.mark.parametrize("jump", ["+2h", "-2h"])
def test_f13_jump_of_the_clock_sends_nothing_twice(database, tmp_path, jump):
    """Two dispatchers on a machine whose clock is set anew while they send."""
    if FAKETIME is None:
        pytest.skip("SKIPPED LOUDLY: libfaketime is missing (apt-get install faketime)")
    now = tmp_path / "now"
    now.write_text("+0\n")
    clock = {
        "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(now), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    campaign = mailing(tenant(), PEOPLE)
    with (
        Sink(slow).running() as sink,
        deliver(tmp_path / "i", database, sink.port, env=clock) as first,
        deliver(tmp_path / "i", database, sink.port, env=clock) as second,
    ):
        until(
            lambda: states(campaign).get(DeliveryState.SENT, 0) > 20
        )  # written down with the date before the jump
        now.write_text(f"{jump}\n")
        until(finished(campaign))
        assert first.poll() is None and second.poll() is None
    promised(sink, PEOPLE)
    dates = [row.settled_at for row in Delivery.select()]
    assert max(dates) - min(dates) > 3600, "the clock has not jumped"


def test_f17_server_that_cannot_be_reached_fails_nobody(database, tmp_path):
    port = closed_port()
    campaign = mailing(tenant(), PEOPLE)
    gone = threading.Event()
    sink = Sink(lambda verb, line: b"" if gone.is_set() else slow(verb, line))
    sink.port = port
    with deliver(tmp_path / "i", database, port):
        with sink.running():
            until(lambda: len(sink.accepted) > 20)
            gone.set()  # connections that stand are cut, too
        until(lambda: DeliveryState.LEASED not in states(campaign), 30)
        assert not set(states(campaign)) & {DeliveryState.FAILED, DeliveryState.EXPIRED}
        assert Campaign.get_by_id(campaign.id).sent_at is None, f"not out: {states(campaign)}"
        gone.clear()
        with sink.running():
            until(lambda: not due_now() and finished(campaign)(), 90)
    promised(sink, PEOPLE, 8)  # connections that stood when it went


def test_f18_damaged_values_of_one_recipient_concern_nobody_else(database, tmp_path):
    campaign = mailing(tenant(), PEOPLE)
    middle = Delivery.get(Delivery.address_key == f"p{PEOPLE // 2}@x.example")
    DeliveryPayload.update(packed="{not json").where(DeliveryPayload.delivery_id == middle.id).execute()
    with Sink().running() as sink, deliver(tmp_path / "i", database, sink.port):
        until(finished(campaign))
    assert states(campaign) == {DeliveryState.SENT: PEOPLE - 1, DeliveryState.FAILED: 1}
    assert Delivery.get_by_id(middle.id).state == DeliveryState.FAILED
    assert len({to for to, _ in sink.accepted}) == len(sink.accepted) == PEOPLE - 1


def test_f19_signing_off_while_rows_are_claimed(database, tmp_path):
    """People sign off, are suppressed or erased, the campaign is paused and resumed, while two dispatchers claim; some
    more are erased while both are at it."""
    people = 10_000 if FULL else 600
    campaign = mailing(tenant(), people)
    gone = random.sample(range(1, people + 1), people // 5)
    settled: dict[str, int] = {}
    with (
        Sink(slow).running() as sink,
        deliver(tmp_path / "i", database, sink.port),
        deliver(tmp_path / "i", database, sink.port),
    ):
        until(lambda: len(sink.accepted) > 10)
        Campaign.update(status=CampaignStatus.PAUSED).where(Campaign.id == campaign.id).execute()
        until(lambda: DeliveryState.LEASED not in states(campaign))
        for number in gone:
            key = f"p{number}@x.example"
            row = Delivery.get(Delivery.address_key == key)
            settled[key] = row.state
            if number % 3 == 0:
                erasure.erase(Subscriber.get_by_id(row.subscriber_id), "they asked", None)
            elif number % 3 == 1:
                Suppression.create(tenant_id=campaign.tenant_id, address_key=key, address_hash=key)
            else:
                Subscription.update(consent=Consent.REVOKED).where(
                    Subscription.subscriber_id == row.subscriber_id
                ).execute()
        Campaign.update(status=CampaignStatus.SENDING).where(Campaign.id == campaign.id).execute()
        racing = random.sample(sorted(set(range(1, people + 1)) - set(gone)), 20)
        for number in racing:
            erasure.erase(
                Subscriber.get(Subscriber.address_key == f"p{number}@x.example"), "they asked", None
            )
        until(finished(campaign))
    queued = {key for key, state in settled.items() if state == DeliveryState.QUEUED}
    got = [to for to, _ in sink.accepted]
    assert not queued & set(got), "mailed although gone before the claim"
    late = {f"p{number}@x.example" for number in racing} - set(got)  # erased before their turn
    assert len(got) == len(set(got)) == people - len(queued) - len(late)
    assert states(campaign) == {
        DeliveryState.SENT: len(got), DeliveryState.SUPPRESSED: len(queued) + len(late)
    }  # fmt: skip
    assert not DeliveryPayload.select().join(Delivery, on=(Delivery.id == DeliveryPayload.delivery_id)).where(
        Delivery.address_key.startswith("erased:")
    )  # fmt: skip


@pytest.mark.parametrize("what", ["database restored", "folder copied", "mark lost"])
def test_differing_mark_lets_nothing_leave_until_a_person_says_so(database, tmp_path, what):
    """The house may be a copy of one that still sends: it stands still, with its doubt in the portal, and goes on."""
    campaign, instance = mailing(tenant(), PEOPLE), tmp_path / "i"
    with Sink(slow).running() as sink:
        with deliver(instance, database, sink.port) as process:
            until(lambda: len(sink.accepted) > 20)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        sent = len(sink.accepted)
        mark = instance / "sending.mark"
        if what == "database restored":  # the file has gone on since
            mark.write_text(json.dumps(json.loads(mark.read_text()) | {"epoch": 41, "next": 42}))
        elif what == "mark lost":
            mark.unlink()
        else:
            instance = Path(shutil.copytree(instance, tmp_path / "copy"))
        with deliver(instance, database, sink.port) as process:
            (doubt,) = until(marks.doubtful)
            began = DispatcherProcess.get_by_id(2).heartbeat_at
            until(
                lambda: DispatcherProcess.get_by_id(2).heartbeat_at > began + 1
            )  # it lives and looks around
            assert len(sink.accepted) == sent < PEOPLE and process.poll() is None
            assert DeliveryState.LEASED not in states(campaign)
            assert marks.confirm(doubt.id, user_id=1)
            until(finished(campaign))
    promised(sink, PEOPLE)
