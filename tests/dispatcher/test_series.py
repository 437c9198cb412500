"""Automailers end to end: who comes in, what goes into the ledger and when, and one mail over a real socket."""

import email
import email.policy
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from dispatcher import series as door
from dispatcher.engine import starting
from dispatcher.engine.recorder import Pace
from dispatcher.jobs import series as job
from dispatcher.worker import Deliver
from domain import clock
from domain.approvals import listing
from domain.approvals.models import ApprovalState
from domain.automailers import enrolments, running, series
from domain.automailers.machine import State
from domain.automailers.models import Automailer, AutomailerState, Enrolment, EnrolmentMail, Why
from domain.campaigns import adding, erasure, lifecycle, merging, planning, retention, unmerging
from domain.campaigns.models import CampaignStatus
from domain.db import connection
from domain.errors import Conflict, Invalid
from domain.ledger import closing, outbox
from domain.ledger.models import Delivery, DeliveryPayload
from domain.ledger.states import DeliveryState, LeftOut
from domain.subscribers import consent, directory, optout
from domain.subscribers.consent import NOWHERE
from domain.subscribers.facets import tracks
from domain.subscribers.facets.models import Holder
from domain.subscribers.models import Consent, Organisation, Subscriber
from domain.tenancy.models import TenantStatus
from tests import mailings
from tests import series as made
from tests import world as worlds
from tests.dispatcher.mailing import EngineSettings
from tests.dispatcher.sinks import Sink
from tests.dispatcher.test_deliver import until

DAY = 86_400


@pytest.fixture
def world(database: str) -> worlds.World:
    world = worlds.build()
    mailings.verified(world)
    return world


class Hand:
    """Moves the clock of everything."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = clock.epoch()
        monkeypatch.setattr(clock, "epoch", lambda: self.at)

    def on(self, days: float) -> None:
        self.at += int(days * DAY)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    yield Hand(monkeypatch)


def swept() -> None:
    """What a second or two of the two background processes do, up to the ledger."""
    starting.start_due()
    job.sweep()


def ledger() -> list[tuple[int, int]]:
    """(subscriber, state) of every delivery, in order."""
    return [(d.subscriber_id, d.state) for d in Delivery.select().order_by(Delivery.id)]


def delivered() -> None:
    """As if the deliver process had sent what waits, and let what is empty rest."""
    Delivery.update(state=DeliveryState.SENT, settled_at=clock.epoch()).where(
        Delivery.state == DeliveryState.QUEUED
    ).execute()
    for campaign in starting.sending():
        starting.finish_if_done(campaign)


def test_each_step_goes_once_in_order_at_its_time(world: worlds.World, hand: Hand) -> None:
    anna = mailings.subscriber(world, "Anna")
    automailer = made.activated(world, made.drafted(world, (0, 0), (3, 0), (0, 5)))
    made.enrolled(world, automailer, anna)
    for _ in range(3):
        swept()
    assert ledger() == [(anna.id, DeliveryState.QUEUED)]
    delivered()
    hand.on(2.99)
    swept()
    assert len(ledger()) == 1, "not before its time"
    hand.on(0.02)
    swept()
    delivered()
    hand.on(40)  # nobody looked for a month
    swept()
    swept()
    assert len(ledger()) == 3 and made.place(automailer, anna).state == State.FINISHED
    steps = [m.step_id for m in EnrolmentMail.select().order_by(EnrolmentMail.id)]
    assert steps == [s.id for s in made.steps(automailer)]
    campaigns = [planning.get(world.north.id, s.campaign_id) for s in made.steps(automailer)]
    assert [c.status for c in campaigns] == [
        CampaignStatus.WAITING,
        CampaignStatus.WAITING,
        CampaignStatus.SENDING,
    ]
    assert campaigns[0].wait_reason == adding.RESTS and campaigns[0].wait_until is None


def test_no_step_goes_before_its_own_mail_is_approved(world: worlds.World, hand: Hand) -> None:
    anna = mailings.subscriber(world, "Anna")
    automailer = made.drafted(world, (0, 0), (1, 0))
    waiting = door.activate(world.north, automailer, world.chief_editor, mailings.BASE_URL)
    assert waiting == 2
    made.enrolled(world, series.get(world.north.id, automailer.id), anna)
    swept()
    assert ledger() == []
    first, second = sorted(listing.open_requests(world.north.id), key=lambda a: a.object_id)
    for approval, state in ((first, ApprovalState.APPROVED), (second, ApprovalState.RETURNED)):
        campaign = planning.get(world.north.id, approval.object_id)
        lifecycle.decide(
            campaign, approval, world.administrator, state, approval.fingerprint, "so", None, False
        )
    swept()
    delivered()
    hand.on(5)
    swept()
    assert len(ledger()) == 1, "the second waits"
    automailer = series.get(world.north.id, automailer.id)
    series.pause(automailer, world.chief_editor.id)
    made.activated(world, automailer)
    swept()
    swept()
    assert len(ledger()) == 2


def test_what_is_refused_by_the_preflight_is_not_activated(world: worlds.World) -> None:
    automailer = made.drafted(world, (0, 0))
    step = made.steps(automailer)[0]
    empty = made.letters.create(world.north.id, world.types["city"].id, world.editor.id, "Leer")
    series.change_step(automailer, step, {"days": 0, "hours": 0, "issue_id": empty.id, "value_id": None}, 1)
    with pytest.raises(door.StepRefused) as refused:
        door.activate(world.north, automailer, world.chief_editor, mailings.BASE_URL)
    assert refused.value.number == 1
    assert series.get(world.north.id, automailer.id).state == AutomailerState.DRAFT
    with pytest.raises(Invalid):
        nothing = series.create(world.north.id, "Leer", world.types["city"].id, 1)
        door.activate(world.north, nothing, world.chief_editor, mailings.BASE_URL)


def test_who_may_not_be_mailed_gets_nothing_and_says_why(world: worlds.World) -> None:
    automailer = made.activated(world, made.drafted(world, (0, 0)))
    people = {name: mailings.subscriber(world, name) for name in ("Anna", "Lothar", "Rita", "Robin", "Paul")}
    for person in people.values():
        made.enrolled(world, automailer, person)
    uta = mailings.subscriber(world, "Uta", Consent.UNKNOWN)
    with pytest.raises(Invalid):
        enrolments.add(automailer, uta, 1)
    with pytest.raises(Conflict):
        enrolments.add(automailer, people["Anna"], 1)
    Subscriber.update(locked_reason="wish").where(Subscriber.id == people["Lothar"].id).execute()
    optout.unsubscribe(people["Rita"], world.types["city"], NOWHERE)
    mailings.Suppression.create(
        tenant_id=world.north.id, address_key=people["Robin"].address_key, address_hash="x"
    )
    swept()
    assert sorted(i for i, _ in ledger()) == sorted([people["Anna"].id, people["Paul"].id])
    found = {name: made.place(automailer, person) for name, person in people.items()}
    assert (found["Rita"].state, found["Rita"].reason) == (State.REMOVED, LeftOut.UNSUBSCRIBED)
    assert (found["Lothar"].state, found["Lothar"].reason) == (State.SUSPENDED, LeftOut.LOCKED)
    assert (found["Robin"].state, found["Robin"].reason) == (State.SUSPENDED, LeftOut.SUPPRESSED)
    Subscriber.update(locked_reason=None).where(Subscriber.id == people["Lothar"].id).execute()
    enrolments.resume(automailer, found["Lothar"], 1)
    swept()
    assert people["Lothar"].id in [i for i, _ in ledger()]


def test_whoever_signs_up_while_it_runs_comes_in_once(world: worlds.World, hand: Hand) -> None:
    old = mailings.subscriber(world, "Anna")
    consent.step(old, world.types["city"], "confirm")
    automailer = made.drafted(world, (1, 0))
    made.changed(world, automailer, start="sign_up")
    made.activated(world, automailer)
    new = mailings.subscriber(world, "Berta", Consent.PENDING)
    consent.confirm(new, world.types["city"], NOWHERE)
    consent.step(mailings.subscriber(world, "Otto", None), world.types["trade"], "choose")
    for _ in range(3):
        swept()
        hand.on(0.01)
    assert [e.subscriber_id for e in Enrolment.select()] == [new.id]
    assert Enrolment.get().why == Why.SIGN_UP
    assert Automailer.get().event_cursor > 0


def test_a_status_brings_in_suspends_and_brings_back(world: worlds.World, hand: Hand) -> None:
    firm = Organisation.create(tenant_id=world.north.id, name="Firma")
    contact = mailings.subscriber(world, "Anna", organisation_id=firm.id)
    track = tracks.save(world.north.id, "Akquise", ["neu", "Gespräch"], 1)
    values = {v.name: v.id for _, found in tracks.every(world.north.id) for v in found}
    automailer = made.drafted(world, (2, 0), (2, 0))
    by_firm = {"start_holder": "organisation", "stop_holder": "organisation"}
    made.changed(
        world,
        automailer,
        start="status",
        start_values=[values["neu"]],
        stop_values=[values["Gespräch"]],
        **by_firm,
    )
    automailer = made.activated(world, automailer)

    def put(name: str) -> None:
        hand.on(0.01)
        tracks.put(world.north.id, Holder.ORGANISATION, firm.id, track, values[name], 1)
        swept()

    put("neu")
    found = made.place(automailer, contact)
    assert (found.state, found.organisation_id, found.why) == (State.RUNNING, firm.id, Why.STATUS)
    hand.on(1)
    put("Gespräch")
    assert made.place(automailer, contact).state == State.SUSPENDED
    hand.on(60)
    swept()
    assert ledger() == []
    put("neu")
    found = made.place(automailer, contact)
    assert found.state == State.RUNNING and found.next_at > hand.at, "the next mail lies in the future"
    hand.on(1.1)
    swept()
    assert len(ledger()) == 1


def test_a_step_sets_the_status_of_the_contact(world: worlds.World) -> None:
    anna = mailings.subscriber(world, "Anna")
    track = tracks.save(world.north.id, "Akquise", ["neu", "angeschrieben"], 1)
    value = next(v for _, found in tracks.every(world.north.id) for v in found if v.name == "angeschrieben")
    automailer = made.drafted(world, (0, 0))
    step = made.steps(automailer)[0]
    series.change_step(
        automailer, step, {"days": 0, "hours": 0, "issue_id": step.issue_id, "value_id": value.id}, 1
    )
    made.enrolled(world, made.activated(world, automailer), anna)
    swept()
    assert tracks.of(world.north.id, Holder.SUBSCRIBER, anna.id)[track.id].value_id == value.id


def test_a_pause_of_months_leaves_what_was_left_and_sends_nothing_at_once(
    world: worlds.World, hand: Hand
) -> None:
    anna, bert = mailings.subscriber(world, "Anna"), mailings.subscriber(world, "Bert")
    automailer = made.activated(world, made.drafted(world, (0, 0), (10, 0)))
    made.enrolled(world, automailer, anna)
    swept()
    delivered()
    hand.on(4)
    automailer = series.get(world.north.id, automailer.id)
    series.pause(automailer, world.chief_editor.id)
    assert running.send_due(automailer) == []
    with pytest.raises(Conflict):
        series.pause(automailer, 1)
    hand.on(45)
    made.enrolled(world, automailer, bert)
    swept()
    assert len(ledger()) == 1
    automailer = made.activated(world, automailer)
    assert made.place(automailer, anna).next_at == hand.at + 6 * DAY
    swept()
    assert ledger()[1:] == [(bert.id, DeliveryState.QUEUED)], "came in meanwhile, begins now"
    hand.on(6.1)
    swept()
    assert [i for i, _ in ledger()] == [anna.id, bert.id, anna.id]


def test_a_renewed_mail_goes_by_a_new_mailing_and_nobody_gets_the_step_twice(
    world: worlds.World, hand: Hand
) -> None:
    anna, bert = mailings.subscriber(world, "Anna"), mailings.subscriber(world, "Bert")
    automailer = made.activated(world, made.drafted(world, (0, 0), (1, 0)))
    made.enrolled(world, automailer, anna)
    swept()
    delivered()
    before = [s.campaign_id for s in made.steps(automailer)]
    automailer = series.get(world.north.id, automailer.id)
    series.pause(automailer, world.chief_editor.id)
    first = made.letters.get(world.north.id, made.steps(automailer)[0].issue_id)
    made.letters.write(first, "Neu", "", "<p>Anders.</p>", {"asset_id": None, "alt": ""})
    automailer = made.activated(world, automailer)
    after = [s.campaign_id for s in made.steps(automailer)]
    assert after[0] != before[0] and after[1] == before[1]
    assert planning.get(world.north.id, before[0]).status == CampaignStatus.FINISHED
    made.enrolled(world, automailer, bert)
    swept()
    swept()
    hand.on(1.1)
    swept()
    got = sorted((d.subscriber_id, d.campaign_id) for d in Delivery.select())
    assert got == [(anna.id, before[0]), (anna.id, after[1]), (bert.id, after[1]), (bert.id, after[0])]


def test_a_batch_that_breaks_off_leaves_nothing_and_is_done_once_later(
    world: worlds.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    automailer = made.activated(world, made.drafted(world, (0, 0)))
    for name in ("Anna", "Bert", "Cleo"):
        made.enrolled(world, automailer, mailings.subscriber(world, name))
    starting.start_due()
    automailer = series.get(world.north.id, automailer.id)

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(running, "_go_on", killed)
        with pytest.raises(Killed):
            running.send_due(automailer)
    assert ledger() == [] and not EnrolmentMail.select().exists()
    for _ in range(2):
        running.send_due(automailer)
    assert len(ledger()) == 3 == EnrolmentMail.select().count()


def test_a_suspended_tenant_and_an_ended_series_send_nothing(world: worlds.World, hand: Hand) -> None:
    automailer = made.activated(world, made.drafted(world, (0, 0), (1, 0)))
    made.enrolled(world, automailer, mailings.subscriber(world, "Anna"))
    swept_once = [swept, delivered]
    world.north.status = TenantStatus.BLOCKED
    world.north.save()
    swept()
    assert ledger() == []
    world.north.status = TenantStatus.ACTIVE
    world.north.save()
    for act in swept_once:
        act()
    series.end(series.get(world.north.id, automailer.id), world.chief_editor.id)
    starting.close_cancelled()
    hand.on(3)
    swept()
    assert len(ledger()) == 1
    with pytest.raises(Conflict):
        series.pause(series.get(world.north.id, automailer.id), 1)


def test_erasing_and_merging_people_know_of_the_series(world: worlds.World, hand: Hand) -> None:
    anna, double = mailings.subscriber(world, "Anna"), mailings.subscriber(world, "Anne")
    bert, other = mailings.subscriber(world, "Bert"), mailings.subscriber(world, "Berta")
    automailer = made.activated(world, made.drafted(world, (0, 0), (5, 0)))
    made.enrolled(world, automailer, double)
    swept()
    made.enrolled(world, automailer, anna)
    made.enrolled(world, automailer, other)
    told = erasure.everything(double)["series"]
    assert [entry["name"] for entry in told] == ["Willkommen"]
    merging.merge(anna, double, [], 1)
    assert enrolments.place(made.place(automailer, anna)).sent == (made.steps(automailer)[0].id,)
    merged = merging.merge(bert, other, [], 1)
    moved = made.place(automailer, merged)
    undo = unmerging.of(merged)
    assert undo is not None
    unmerging.undo(merged, undo.id, 1)
    assert made.place(automailer, directory.get(world.north.id, other.id)).id == moved.id
    erasure.erase(directory.get(world.north.id, anna.id), "wish", 1)
    assert [e.subscriber_id for e in Enrolment.select()] == [other.id]
    assert not EnrolmentMail.select().exists()


def test_the_mail_leaves_over_smtp_dated_with_its_own_moment(
    world: worlds.World, database: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    automailer = made.activated(world, made.drafted(world, (0, 0)))
    starting.start_due()
    campaign = planning.get(world.north.id, made.steps(automailer)[0].campaign_id)
    long_ago = clock.now() - timedelta(days=200)
    type(campaign).update(started_at=long_ago).where(type(campaign).id == campaign.id).execute()
    with Sink().running() as sink:
        url = f"smtp://127.0.0.1:{sink.port}?connections=2"
        engine = Deliver(EngineSettings(tmp_path, database, url), Pace(scan_s=0.1, beat_s=0.5, sweep_s=0.3))
        engine.start()
        try:
            for name in ("Anna", "Bert"):
                made.enrolled(world, automailer, mailings.subscriber(world, name))
                job.sweep()
                engine.wake()
                until(lambda: outbox.counts(world.north.id, campaign.id)[DeliveryState.QUEUED] == 0)
                until(lambda: not outbox.is_open(world.north.id, campaign.id))
                until(lambda: planning.get(world.north.id, campaign.id).status == CampaignStatus.WAITING)
        finally:
            engine.stop(20)
    mails = {to: raw for to, raw in sink.accepted if to.endswith("@leser.example")}
    assert sorted(to for to, _ in sink.accepted if to in mails) == [
        "anna@leser.example",
        "bert@leser.example",
    ]
    message = email.message_from_bytes(mails["anna@leser.example"], policy=email.policy.default)
    assert message["Subject"] == "Brief 1" and message["List-Unsubscribe"]
    assert abs(parsedate_to_datetime(message["Date"]) - clock.now()) < timedelta(minutes=5)
    assert closing.close(world.north.id, campaign.id) == 0


def test_workers_at_the_same_moment_send_each_step_once(world: worlds.World) -> None:
    automailer = made.activated(world, made.drafted(world, (0, 0)))
    for number in range(20):
        made.enrolled(world, automailer, mailings.subscriber(world, f"Leser{number}"))
    starting.start_due()
    automailer = series.get(world.north.id, automailer.id)
    gate = threading.Barrier(4)

    def work() -> None:
        with connection():
            gate.wait(20)
            running.send_due(automailer)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ledger()) == 20 == EnrolmentMail.select().count()
    assert all(e.state == State.FINISHED for e in Enrolment.select())


def test_retention_forgets_who_got_a_step_long_ago(world: worlds.World, hand: Hand) -> None:
    world.north.settings = {**world.north.settings, "retention_months": 3}
    world.north.save()
    automailer = made.activated(world, made.drafted(world, (0, 0)))
    made.enrolled(world, automailer, mailings.subscriber(world, "Anna"))
    swept()
    delivered()
    hand.on(120)
    made.enrolled(world, automailer, mailings.subscriber(world, "Bert"))
    swept()
    retention.clean()
    assert [p.address for p in DeliveryPayload.select()] == ["bert@leser.example"]
