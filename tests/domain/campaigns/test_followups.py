"""After a mailing: to those still missing, a correction to those who have it, and a correction of the rest."""

import pytest

from dispatcher import clearance
from dispatcher.engine import starting
from domain import clock
from domain.approvals import flow
from domain.approvals.models import Approval, ApprovalState
from domain.campaigns import audience, correcting, followups, lifecycle, planning
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.errors import Conflict
from domain.issues import assembly
from domain.issues.models import Issue, IssueRevision, IssueState
from domain.ledger.models import Delivery, DeliveryPayload
from domain.ledger.states import DeliveryState as D
from domain.segments import compile, saved
from domain.subscribers.facets import fields
from domain.subscribers.facets.models import OwnField
from domain.subscribers.models import Consent, Subscriber, Subscription
from tests import mailings
from tests import world as worlds


@pytest.fixture
def world(database: str) -> worlds.World:
    world = worlds.build()
    mailings.everybody(world)
    return world


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    return mailings.issue(world)


@pytest.fixture
def running(world: worlds.World, issue: Issue) -> Campaign:
    """Approved and begun: Anna, Bert, Cleo and Paul are in the ledger."""
    campaign = mailings.draft(world, issue)
    clearance.ask(world.north, issue, campaign, world.editor, mailings.BASE_URL)
    decide(world, campaign, ApprovalState.APPROVED)
    starting.start_due()
    return fresh(campaign)


def fresh(campaign: Campaign) -> Campaign:
    return planning.get(campaign.tenant_id, campaign.id)


def decide(world: worlds.World, campaign: Campaign, state: ApprovalState) -> None:
    current = fresh(campaign)
    approval = flow.get(world.north.id, current.approval_id)
    lifecycle.decide(current, approval, world.chief_editor, state, current.fingerprint, "remark", None, False)


def ended(campaign: Campaign, **states: D) -> Campaign:
    """Everybody has the mail but those named; the campaign is finished."""
    Delivery.update(state=D.SENT, handed_over=True, settled_at=1).where(
        Delivery.campaign_id == campaign.id, Delivery.state == D.QUEUED
    ).execute()
    for name, state in states.items():
        Delivery.update(state=state, handed_over=state in (D.SENT, D.HELD)).where(
            Delivery.campaign_id == campaign.id, Delivery.address_key == f"{name}@leser.example"
        ).execute()
    Campaign.update(status=CampaignStatus.FINISHED, finished_at=clock.now()).where(
        Campaign.id == campaign.id
    ).execute()
    return fresh(campaign)


def names(campaign: Campaign) -> set[str]:
    """Who would get it now."""
    return {p["first_name"] for p, reason in audience.chunk(campaign, 0, 100) if reason is None}


def test_whoever_has_the_mail_or_was_refused_is_not_missing(world: worlds.World, running: Campaign) -> None:
    done = ended(running, anna=D.EXPIRED, bert=D.FAILED, cleo=D.CANCELLED)
    mailings.subscriber(world, "Neu")
    child = followups.to_missing(done, world.editor.id)
    assert names(child) == {"Anna", "Cleo", "Neu"} and followups.missing_count(done) == 3
    assert (child.parent_id, child.course, child.status) == (done.id, Course.MISSING, CampaignStatus.DRAFT)
    assert followups.to_missing(done, world.editor.id).id == child.id


def test_a_mail_that_may_be_there_twice_is_not_sent_a_third_time(
    world: worlds.World, running: Campaign
) -> None:
    done = ended(running, anna=D.HELD, bert=D.HELD)
    Delivery.update(maybe_duplicate=True).where(Delivery.address_key == "bert@leser.example").execute()
    assert names(followups.to_missing(done, world.editor.id)) == {"Anna"}


def test_the_way_of_a_mailing_to_those_still_missing(
    world: worlds.World, issue: Issue, running: Campaign
) -> None:
    done = ended(running)
    mailings.subscriber(world, "Neu")
    child = followups.to_missing(done, world.editor.id)
    followups.ask(child, world.editor.id, "two have joined")
    assert assembly.get(world.north.id, issue.id).state == IssueState.APPROVED
    decide(world, child, ApprovalState.APPROVED)
    starting.start_due()
    child = fresh(child)
    assert child.status == CampaignStatus.SENDING and child.revision_id != done.revision_id
    both = [IssueRevision.get_by_id(c.revision_id) for c in (done, child)]
    assert bytes(both[0].compiled) == bytes(both[1].compiled)
    going = Delivery.select().where(Delivery.campaign_id == child.id, Delivery.state == D.QUEUED)
    assert [d.address_key for d in going] == ["neu@leser.example"]
    with pytest.raises(Conflict):  # whoever is on the way is not missing any more
        followups.to_missing(done, world.editor.id)
    lifecycle.cancel(child, world.editor.id)
    assert assembly.get(world.north.id, issue.id).state == IssueState.APPROVED
    assert followups.missing_count(done) == 1
    assert planning.of_issue(issue).id == done.id


def test_nothing_follows_a_mailing_that_still_runs(world: worlds.World, running: Campaign) -> None:
    for act in (followups.to_missing, lambda c, u: followups.to_correct(c, u, "n", "s")):
        with pytest.raises(Conflict):
            act(running, world.editor.id)


def test_a_correction_goes_to_exactly_those_who_have_the_mail(
    world: worlds.World, issue: Issue, running: Campaign
) -> None:
    done = ended(running, anna=D.FAILED)
    mailings.subscriber(world, "Neu")
    Subscription.update(consent=Consent.REVOKED).where(
        Subscription.subscriber_id == Subscriber.get(Subscriber.first_name == "Bert").id
    ).execute()
    child = followups.to_correct(done, world.editor.id, "Correction", "Correction: 9:00, not 8:00")
    assert names(child) == {"Cleo", "Paul"}
    copied = followups.issue_of_correction(child)
    assert (
        copied.id != issue.id and copied.state == IssueState.DRAFT and copied.subject.startswith("Correction")
    )
    assert [b.article_id for b in assembly.blocks(copied)] == [b.article_id for b in assembly.blocks(issue)]
    assert planning.of_issue(copied).id == child.id
    planning.plan(child, {"lists": [], "consents": ["unknown"], "sender_name": "Verlag"})
    assert names(fresh(child)) == {"Cleo", "Paul"}
    clearance.ask(world.north, copied, fresh(child), world.editor, mailings.BASE_URL)
    assert fresh(child).status == CampaignStatus.IN_APPROVAL


def corrected(world: worlds.World, running: Campaign) -> Campaign:
    """Paused, edited, asked again."""
    lifecycle.pause(running, world.editor.id)
    issue = correcting.begin(fresh(running), world.editor.id)
    assembly.set_head(issue, subject="Richtig für [Nachname|Sie]", preheader="Jetzt richtig")
    clearance.ask_again(world.north, issue, fresh(running), world.editor, mailings.BASE_URL)
    return fresh(running)


def test_a_corrected_mail_reaches_the_rest_and_nobody_twice(world: worlds.World, running: Campaign) -> None:
    before = running.revision_id
    Delivery.update(state=D.SENT, handed_over=True, revision_id=before).where(
        Delivery.address_key == "anna@leser.example"
    ).execute()
    campaign = corrected(world, running)
    assert campaign.status == CampaignStatus.IN_APPROVAL
    decide(world, campaign, ApprovalState.APPROVED)
    mailings.subscriber(world, "Neu")
    starting.start_due()
    campaign = fresh(campaign)
    assert (campaign.status, campaign.correcting) == (CampaignStatus.SENDING, False)
    assert campaign.revision_id != before
    rows = Delivery.select().where(Delivery.campaign_id == campaign.id, Delivery.state == D.QUEUED)
    assert {d.address_key.split("@")[0] for d in rows} == {"bert", "cleo", "paul"}  # nobody is added
    packed = DeliveryPayload.get(DeliveryPayload.address == "bert@leser.example").packed
    assert '"Nachname":"Bertsen"' in packed
    assert '"Nachname"' not in DeliveryPayload.get(DeliveryPayload.address == "anna@leser.example").packed


def test_those_who_got_the_version_before_can_get_a_correction_of_their_own(
    world: worlds.World, running: Campaign
) -> None:
    before = running.revision_id
    Delivery.update(state=D.SENT, handed_over=True, revision_id=before).where(
        Delivery.address_key == "anna@leser.example"
    ).execute()
    campaign = corrected(world, running)
    decide(world, campaign, ApprovalState.APPROVED)
    starting.start_due()
    Delivery.update(revision_id=fresh(campaign).revision_id).where(Delivery.state == D.QUEUED).execute()
    done = ended(fresh(campaign))
    assert followups.got_count(done) == 4 and followups.got_count(done, done.revision_id) == 1
    assert names(followups.to_correct(done, world.editor.id, "n", "s", earlier=True)) == {"Anna"}


def test_a_correction_that_is_returned_leaves_the_mailing_paused(
    world: worlds.World, running: Campaign
) -> None:
    campaign = corrected(world, running)
    decide(world, campaign, ApprovalState.RETURNED)
    campaign = fresh(campaign)
    assert (campaign.status, campaign.correcting) == (CampaignStatus.PAUSED, True)
    with pytest.raises(Conflict):
        lifecycle.resume(campaign, world.editor.id)


def test_a_corrected_block_for_a_segment_that_has_gone_stops_the_mailing(
    world: worlds.World, issue: Issue, running: Campaign
) -> None:
    """Between the approval and the first mail its segment loses a field: shown to nobody, the block would be missed."""
    field = fields.save(world.north.id, {"name": "Beruf"}, world.editor.id)
    tree = {"match": "all", "rules": [{"field": f"own:{field.id}", "op": "is", "value": ["Tischler"]}]}
    segment = saved.save(world.north.id, "Tischler", tree, [], world.editor.id)
    old = running.fingerprint
    lifecycle.pause(running, world.editor.id)
    opened = correcting.begin(fresh(running), world.editor.id)
    block = assembly.blocks(opened)[0]
    assembly.only_for(opened, block, segment.id)
    clearance.ask_again(world.north, opened, fresh(running), world.editor, mailings.BASE_URL)
    decide(world, running, ApprovalState.APPROVED)
    OwnField.delete().where(OwnField.tenant_id == world.north.id, OwnField.id == field.id).execute()
    starting.start_due()
    campaign = fresh(running)
    assert (campaign.status, campaign.wait_reason) == (CampaignStatus.STOPPED, compile.UNREADABLE)
    assert '"?' not in DeliveryPayload.get(DeliveryPayload.address == "bert@leser.example").packed

    opened = correcting.begin(campaign, world.editor.id)  # once more, without the block's segment
    assert not lifecycle.may_resume(fresh(campaign)) and opened.state == IssueState.DRAFT
    assembly.only_for(opened, assembly.blocks(opened)[0], None)
    assembly.set_head(opened, subject="Richtig für [Nachname|Sie]", preheader="Jetzt richtig")
    clearance.ask_again(world.north, opened, fresh(campaign), world.editor, mailings.BASE_URL)
    decide(world, campaign, ApprovalState.APPROVED)
    starting.start_due()
    campaign = fresh(campaign)
    assert (campaign.status, campaign.correcting) == (CampaignStatus.SENDING, False)
    assert campaign.previous["fingerprint"] == old


def test_the_old_version_can_be_kept(world: worlds.World, running: Campaign) -> None:
    old = running.fingerprint
    campaign = corrected(world, running)
    decide(world, campaign, ApprovalState.RETURNED)
    correcting.drop(fresh(campaign), world.editor.id)
    campaign = fresh(campaign)
    assert campaign.fingerprint == old and lifecycle.is_cleared(campaign)
    lifecycle.resume(campaign, world.editor.id)
    starting.start_due()
    assert fresh(campaign).status == CampaignStatus.SENDING


def test_an_approval_that_was_never_given_is_not_reinstated(world: worlds.World) -> None:
    asked = Approval.create(
        tenant_id=world.north.id, kind="campaign", object_id=1, fingerprint="f", state=ApprovalState.VOID,
        asked_by_id=1,
    )  # fmt: skip
    assert not flow.reinstate(world.north.id, asked.id, "f")


def test_nothing_to_correct_is_said(world: worlds.World, running: Campaign) -> None:
    with pytest.raises(Conflict):
        correcting.begin(running, world.editor.id)
    lifecycle.pause(running, world.editor.id)
    issue = correcting.begin(fresh(running), world.editor.id)
    with pytest.raises(Conflict):
        clearance.ask_again(world.north, issue, fresh(running), world.editor, mailings.BASE_URL)


def test_a_snapshot_is_made_once(world: worlds.World, running: Campaign) -> None:
    lifecycle.pause(running, world.editor.id)
    mailings.subscriber(world, "Neu")
    lifecycle.resume(fresh(running), world.editor.id)
    starting.start_due()
    assert not Delivery.select().where(Delivery.address_key == "neu@leser.example").exists()
