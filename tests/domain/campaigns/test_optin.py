"""Opt-in mails: whom they ask, whom never, and that only the person's answer raises a consent."""

from datetime import timedelta

import pytest

from dispatcher import clearance
from dispatcher.engine import starting
from domain import clock
from domain.approvals import listing
from domain.approvals.models import ApprovalState
from domain.campaigns import audience, followups, lifecycle, optin, planning
from domain.campaigns.models import Campaign, CampaignStatus
from domain.errors import Conflict, Invalid, NotFound
from domain.issues import letters
from domain.issues.models import IssueKind, IssueRevision
from domain.ledger import outbox
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState, LeftOut
from domain.subscribers import consent, lists, optout, signup
from domain.subscribers.consent import NOWHERE
from domain.subscribers.models import Consent, ConsentEvent, NewsletterType, Subscriber, Subscription
from tests import mailings
from tests import world as worlds


@pytest.fixture
def world(database: str) -> worlds.World:
    world = worlds.build()
    mailings.everybody(world)
    mailings.subscriber(world, "Nina", None)
    mailings.verified(world)
    return world


def drafted(world: worlds.World, **values: object) -> Campaign:
    letter = letters.create(
        world.north.id, world.types["city"].id, world.editor.id, "Frage", IssueKind.OPT_IN
    )
    letters.write(letter, "Möchten Sie?", "", "<p>Wir fragen Sie.</p>", {"asset_id": None, "alt": ""})
    campaign = planning.draft_for(letter, world.editor.id, "Nord", "news@nord.example", "")
    planning.plan(campaign, {"test_mode": False, **values})
    return campaign


def everybody_on_a_list(world: worlds.World) -> list[int]:
    return [lists.default(world.north.id).id]


def begun(world: worlds.World, campaign: Campaign) -> Campaign:
    """The campaign approved and its people in the ledger."""
    letter = letters.get(world.north.id, campaign.issue_id)
    clearance.ask(world.north, letter, campaign, world.editor, mailings.BASE_URL)
    approval = listing.open_requests(world.north.id)[0]
    current = planning.get(world.north.id, campaign.id)
    lifecycle.decide(
        current, approval, world.chief_editor, ApprovalState.APPROVED, approval.fingerprint, "", None, False
    )
    assert starting.start_due() == 1
    return planning.get(world.north.id, campaign.id)


def by(name: str) -> Subscriber:
    return Subscriber.get(Subscriber.first_name == name)


def state(world: worlds.World, name: str) -> Consent | None:
    return consent.state(world.north.id, by(name).id, world.types["city"].id)


def sent(campaign: Campaign, *names: str) -> None:
    Delivery.update(state=DeliveryState.SENT, settled_at=clock.epoch()).where(
        Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == campaign.id,
        Delivery.subscriber_id.in_([by(name).id for name in names]),
    ).execute()  # fmt: skip


def delivery(campaign: Campaign, name: str) -> Delivery:
    return Delivery.get(
        Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == campaign.id,
        Delivery.subscriber_id == by(name).id,
    )  # fmt: skip


def test_it_asks_whose_consent_is_open_and_says_why_others_are_left_out(world: worlds.World) -> None:
    count, left_out = audience.numbers(drafted(world))
    assert count == 2, "Uta (unknown) and Pia (pending)"
    assert left_out[LeftOut.AGREED] == 6 and left_out[LeftOut.UNSUBSCRIBED] == 1
    assert LeftOut.UNPROVED not in left_out and LeftOut.UNCONFIRMED not in left_out
    on_list = drafted(world, lists=everybody_on_a_list(world))
    assert audience.numbers(on_list)[0] == 3, "and Nina of the list, who never had the type"
    Subscription.update(consent=Consent.LAPSED).where(
        Subscription.tenant_id == world.north.id, Subscription.subscriber_id == by("Pia").id
    ).execute()
    assert audience.numbers(drafted(world))[0] == 1, "a sign-up that lapsed is an answer"


def test_nobody_is_asked_again_within_the_days(world: worlds.World) -> None:
    kind = world.types["city"]
    consent.record(by("Uta"), kind, "mailed", Consent.UNKNOWN, Consent.UNKNOWN, NOWHERE)
    campaign = drafted(world)
    count, left_out = audience.numbers(campaign)
    assert (count, left_out[LeftOut.ASKED]) == (1, 1)
    ConsentEvent.update(at=clock.now() - timedelta(days=10)).execute()
    planning.plan(campaign, {"opt_in": 9})
    assert audience.numbers(campaign)[0] == 2
    for days in (0, 366, None):
        with pytest.raises(Invalid):
            planning.plan(campaign, {"opt_in": days})


def test_being_asked_makes_pending_and_only_the_answer_confirms(world: worlds.World) -> None:
    campaign = begun(world, drafted(world, lists=everybody_on_a_list(world)))
    assert campaign.status == CampaignStatus.SENDING
    assert "/confirm" in IssueRevision.get_by_id(campaign.revision_id).html
    sent(campaign, "Uta", "Nina")
    assert (state(world, "Uta"), state(world, "Nina")) == (Consent.UNKNOWN, None)
    assert [found.id for found in optin.underway()] == [campaign.id] and optin.note_sent(campaign) == 2
    assert optin.note_sent(campaign) == 0, "once"
    assert (state(world, "Uta"), state(world, "Nina")) == (Consent.PENDING, Consent.PENDING)
    mailed, asked = consent.history(world.north.id, by("Nina").id)
    assert (asked.act, asked.before, asked.after, mailed.act) == ("invite", "", "pending", "mailed")
    kind = world.types["city"]
    assert asked.consent_text == kind.consent_text and asked.consent_version == kind.consent_version
    assert asked.mail_id == delivery(campaign, "Nina").id
    for _ in range(2):
        optin.confirm(campaign, delivery(campaign, "Nina"), by("Nina"), kind, NOWHERE)
    assert state(world, "Nina") == Consent.CONFIRMED
    assert optin.outcome(campaign) == {"confirmed": 1, "pending": 1}
    ConsentEvent.update(at=clock.now() - timedelta(days=8)).execute()
    Subscription.update(changed_at=clock.now() - timedelta(days=8)).where(
        Subscription.tenant_id == world.north.id, Subscription.subscriber_id == by("Uta").id
    ).execute()
    assert signup.expire() == 1 and state(world, "Uta") == Consent.LAPSED


def test_whoever_is_faster_than_the_sweep_is_noted_by_the_answer(world: worlds.World) -> None:
    campaign = begun(world, drafted(world, lists=everybody_on_a_list(world)))
    sent(campaign, "Nina")
    optin.confirm(campaign, delivery(campaign, "Nina"), by("Nina"), world.types["city"], NOWHERE)
    assert state(world, "Nina") == Consent.CONFIRMED and optin.note_sent(campaign) == 0
    acts = [event.act for event in consent.history(world.north.id, by("Nina").id)]
    assert acts == ["confirm", "mailed", "invite"]


def test_a_link_that_is_too_old_or_was_answered_with_no_raises_nothing(world: worlds.World) -> None:
    campaign, kind = begun(world, drafted(world)), world.types["city"]
    sent(campaign, "Uta", "Pia")
    optin.note_sent(campaign)
    optout.unsubscribe(by("Uta"), kind, NOWHERE)
    Delivery.update(settled_at=clock.epoch() - signup.LINK_MAX_AGE_S - 1).where(
        Delivery.tenant_id == world.north.id, Delivery.subscriber_id == by("Pia").id
    ).execute()
    for name, before in (("Uta", Consent.REVOKED), ("Pia", Consent.PENDING)):
        with pytest.raises(Conflict):
            optin.confirm(campaign, delivery(campaign, name), by(name), kind, NOWHERE)
        assert state(world, name) == before
    with pytest.raises(Conflict):
        followups.to_correct(campaign, world.editor.id, "x", "x")


def test_a_mail_that_asks_nothing_confirms_nothing(world: worlds.World) -> None:
    campaign = mailings.draft(world, mailings.issue(world))
    campaign.status, campaign.revision_id = CampaignStatus.SENDING, None
    row = Delivery(
        tenant_id=world.north.id,
        campaign_id=campaign.id,
        subscriber_id=by("Uta").id,
        settled_at=clock.epoch(),
    )
    with pytest.raises(NotFound):
        optin.confirm(campaign, row, by("Uta"), world.types["city"], NOWHERE)
    assert state(world, "Uta") == Consent.UNKNOWN


def test_a_claim_looks_again(world: worlds.World) -> None:
    """Who agreed meanwhile, or got the mail of another opt-in campaign, is left out when the turn comes."""
    campaign = begun(world, drafted(world))
    other = Campaign.create(
        tenant_id=world.north.id, issue_id=1, type_id=campaign.type_id, name="x", created_by_id=1,
        audience={"opt_in": 30}, started_at=clock.now(),
    )  # fmt: skip
    Delivery.create(
        tenant_id=world.north.id, campaign_id=other.id, subscriber_id=by("Uta").id, address_key="x",
        state=DeliveryState.SENT, queued_at=clock.epoch(),
    )  # fmt: skip
    optout.choose(by("Pia"), [world.types["city"]], {world.types["city"].id}, NOWHERE)
    assert outbox.claim(starting.terms(campaign), 10, 1, 60).rows == []
    assert delivery(campaign, "Uta").reason == LeftOut.ASKED
    assert delivery(campaign, "Pia").reason == LeftOut.AGREED


def test_a_claim_takes_those_who_are_to_be_asked(world: worlds.World) -> None:
    campaign = begun(world, drafted(world, lists=everybody_on_a_list(world)))
    taken = outbox.claim(starting.terms(campaign), 10, 1, 60).rows
    assert {row.address for row in taken} == {f"{name}@leser.example" for name in ("uta", "pia", "nina")}
    suppressed = {row.reason for row in Delivery.select().where(Delivery.tenant_id == world.north.id)}
    assert LeftOut.SUPPRESSED in suppressed and LeftOut.LOCKED in suppressed


def test_a_type_that_nobody_signs_up_for_asks_nobody(world: worlds.World) -> None:
    NewsletterType.update(closed=True).where(NewsletterType.id == world.types["city"].id).execute()
    with pytest.raises(Invalid):
        letters.create(world.north.id, world.types["city"].id, 1, "x", IssueKind.OPT_IN)
