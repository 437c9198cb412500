"""From plan to snapshot: numbers, approval, course."""

import json
from datetime import timedelta

import pytest

from dispatcher import clearance
from dispatcher.engine import starting
from dispatcher.housemail import letterhead
from domain import clock
from domain.approvals import flow, listing
from domain.approvals.models import Approval, ApprovalState
from domain.campaigns import audience, lifecycle, planning, reports, snapshot
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import database, is_postgres
from domain.errors import Conflict, Forbidden, Invalid, NotFound
from domain.issues import assembly
from domain.issues.models import Issue, IssueRevision, IssueState
from domain.ledger.models import Delivery, DeliveryPayload
from domain.ledger.states import NOTABLE, NOTABLE_SQL, DeliveryState, LeftOut
from domain.notices.models import OutboxMail
from domain.subscribers.models import DistributionList, ListMember, Subscriber
from tests import mailings
from tests import world as worlds

LEFT_OUT = {
    LeftOut.LOCKED: 1, LeftOut.ORGANISATION_LOCKED: 1, LeftOut.UNSUBSCRIBED: 1, LeftOut.UNCONFIRMED: 1,
    LeftOut.UNPROVED: 1, LeftOut.UNDELIVERABLE: 1, LeftOut.STOPPED: 1, LeftOut.SUPPRESSED: 1, LeftOut.NO_ADDRESS: 1,
}  # fmt: skip


@pytest.fixture
def world(database: str) -> worlds.World:
    world = worlds.build()
    mailings.everybody(world)
    return world


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    return mailings.issue(world)


@pytest.fixture
def campaign(world: worlds.World, issue: Issue) -> Campaign:
    return mailings.draft(world, issue)


def ask(world: worlds.World, issue: Issue, campaign: Campaign) -> Approval:
    clearance.ask(world.north, issue, campaign, world.editor, mailings.BASE_URL)
    return listing.open_requests(world.north.id)[0]


def decide(world: worlds.World, campaign: Campaign, approval: Approval, state: ApprovalState) -> None:
    current = planning.get(world.north.id, campaign.id)
    lifecycle.decide(
        current, approval, world.chief_editor, state, approval.fingerprint, "remark", None, False
    )


def approved(world: worlds.World, issue: Issue, campaign: Campaign) -> Campaign:
    decide(world, campaign, ask(world, issue, campaign), ApprovalState.APPROVED)
    return planning.get(world.north.id, campaign.id)


def test_the_editor_sees_who_gets_it_and_why_others_do_not(campaign: Campaign) -> None:
    count, left_out = audience.numbers(campaign)
    assert count == 4  # three confirmed, one proved
    assert left_out == LEFT_OUT


def test_a_mail_is_tried_with_usual_people_and_the_extremes_of_the_newsletter(world: worlds.World) -> None:
    mailings.subscriber(world, "Adelheidelinde")
    mailings.subscriber(world, "Dora", title="Dr.")
    Subscriber.update(last_name="").where(Subscriber.first_name.in_(["Uta", "Paul"])).execute()
    found = audience.samples(world.north.id, world.types["city"].id)
    assert [p.first_name for p in found] == ["Anna", "Bert", "Cleo", "Adelheidelinde", "Dora", "Paul"]


def test_the_tick_decides_about_unknown_and_proved_consent(campaign: Campaign) -> None:
    planning.plan(campaign, {"consents": ["unknown", "proved", "revoked"]})
    assert audience.numbers(campaign)[0] == 5
    planning.plan(campaign, {"consents": []})
    assert audience.numbers(campaign)[0] == 3


def test_lists_narrow_the_audience_and_foreign_ones_do_not_count(
    world: worlds.World, campaign: Campaign
) -> None:
    few = DistributionList.create(tenant_id=world.north.id, name="Few")
    foreign = DistributionList.get(DistributionList.tenant_id == world.south.id)
    first = ListMember.select().where(ListMember.tenant_id == world.north.id).order_by(ListMember.id).first()
    ListMember.create(tenant_id=world.north.id, list_id=few.id, subscriber_id=first.subscriber_id)
    planning.plan(campaign, {"lists": [few.id, foreign.id]})
    assert campaign.audience["lists"] == [few.id]
    assert audience.numbers(campaign) == (1, {})


def test_a_sender_domain_that_nobody_verified_is_refused(campaign: Campaign) -> None:
    with pytest.raises(Invalid) as refused:
        planning.plan(campaign, {"sender_address": "boss@elsewhere.example"})
    assert "sender_address" in refused.value.fields


def test_a_header_cannot_be_smuggled_in_by_the_sender_name(campaign: Campaign) -> None:
    with pytest.raises(Invalid):
        planning.plan(campaign, {"sender_name": "Nord\r\nBcc: all@nord.example"})


def test_asking_closes_issue_and_plan_and_freezes_the_mail(
    world: worlds.World, issue: Issue, campaign: Campaign
) -> None:
    approval = ask(world, issue, campaign)
    campaign = planning.get(world.north.id, campaign.id)
    assert campaign.status == CampaignStatus.IN_APPROVAL
    assert campaign.fingerprint == approval.fingerprint
    assert assembly.get(world.north.id, issue.id).state == IssueState.IN_REVIEW
    assert IssueRevision.get_by_id(campaign.revision_id).placeholders == ["Vorname", "Salutation", "E-Mail"]
    with pytest.raises(Conflict):
        planning.plan(campaign, {"sender_name": "Other"})


def test_asking_twice_makes_one_request(world: worlds.World, issue: Issue, campaign: Campaign) -> None:
    again = planning.get(world.north.id, campaign.id)
    ask(world, issue, campaign)
    with pytest.raises(Conflict):
        clearance.ask(world.north, issue, again, world.editor, mailings.BASE_URL)
    assert len(listing.open_requests(world.north.id)) == 1


def test_a_change_during_asking_is_noticed(world: worlds.World, issue: Issue, campaign: Campaign) -> None:
    stale = assembly.get(world.north.id, issue.id)
    assembly.set_head(issue, subject="Changed meanwhile", preheader="x")
    with pytest.raises(Conflict):
        clearance.ask(world.north, stale, campaign, world.editor, mailings.BASE_URL)
    assert planning.get(world.north.id, campaign.id).status == CampaignStatus.DRAFT


def test_nobody_approves_the_own_work(world: worlds.World, issue: Issue, campaign: Campaign) -> None:
    approval = ask(world, issue, campaign)
    campaign = planning.get(world.north.id, campaign.id)
    with pytest.raises(Forbidden):
        lifecycle.decide(
            campaign, approval, world.editor, ApprovalState.APPROVED, approval.fingerprint, "", None, False
        )
    assert planning.get(world.north.id, campaign.id).status == CampaignStatus.IN_APPROVAL


def test_of_two_decisions_one_counts(world: worlds.World, issue: Issue, campaign: Campaign) -> None:
    approval = ask(world, issue, campaign)
    decide(world, campaign, approval, ApprovalState.APPROVED)
    with pytest.raises(Conflict):
        decide(world, campaign, approval, ApprovalState.RETURNED)
    campaign = planning.get(world.north.id, campaign.id)
    assert campaign.status == CampaignStatus.SCHEDULED
    assert campaign.started_by_id == world.editor.id
    assert lifecycle.is_cleared(campaign)


def test_a_returned_issue_can_be_reworked_and_asked_for_again(
    world: worlds.World, issue: Issue, campaign: Campaign
) -> None:
    first = ask(world, issue, campaign)
    decide(world, campaign, first, ApprovalState.RETURNED)
    issue = assembly.get(world.north.id, issue.id)
    assert issue.state == IssueState.RETURNED
    assembly.set_head(issue, subject="Better", preheader="x")
    second = ask(world, issue, planning.get(world.north.id, campaign.id))
    assert second.fingerprint != first.fingerprint


def test_taking_it_back_voids_the_approval(world: worlds.World, issue: Issue, campaign: Campaign) -> None:
    campaign = approved(world, issue, campaign)
    mark = campaign.fingerprint
    planning.reopen(campaign, assembly.get(world.north.id, issue.id), world.editor.id)
    assert not flow.is_approved(world.north.id, planning.KIND, campaign.id, mark)
    assert listing.history(world.north.id, planning.KIND, campaign.id)[0].state == ApprovalState.WITHDRAWN
    assert assembly.get(world.north.id, issue.id).state == IssueState.DRAFT


def test_the_fingerprint_covers_sender_audience_and_time(
    world: worlds.World, issue: Issue, campaign: Campaign
) -> None:
    marks = {clearance._now(world.north, issue, campaign, mailings.BASE_URL)[0]}
    for values in (
        {"sender_name": "Other"},
        {"consents": []},
        {"send_at": clock.now() + timedelta(days=2)},
        {"reply_to": "desk@nord.example"},
    ):
        planning.plan(campaign, values)
        marks.add(clearance._now(world.north, issue, campaign, mailings.BASE_URL)[0])
    assert len(marks) == 5


def test_the_snapshot_holds_everybody_with_reason_and_values(
    world: worlds.World, issue: Issue, campaign: Campaign
) -> None:
    campaign = approved(world, issue, campaign)
    count, left_out = audience.numbers(campaign)
    assert snapshot.fill(campaign) == count + sum(left_out.values())
    assert snapshot.fill(campaign) == 0
    progress = reports.progress(campaign)
    assert progress.counts[DeliveryState.QUEUED] == progress.total == count
    assert progress.left_out == left_out == LEFT_OUT
    row = DeliveryPayload.get(DeliveryPayload.address == "anna@leser.example")
    assert json.loads(row.packed)["Vorname"] == "Anna"
    assert DeliveryPayload.select().count() == count


def test_the_snapshot_goes_on_behind_its_cursor(
    world: worlds.World, issue: Issue, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = approved(world, issue, campaign)
    monkeypatch.setattr(snapshot, "CHUNK", 2)
    monkeypatch.setattr(snapshot, "FETCHED", 2)
    moved = snapshot._move_cursor
    chunks = iter(range(10))

    def failing(*args: object) -> None:
        moved(*args)  # type: ignore[arg-type]
        if next(chunks) == 1:
            raise OSError("killed")

    monkeypatch.setattr(snapshot, "_move_cursor", failing)
    with pytest.raises(OSError, match="killed"):
        snapshot.fill(campaign)
    assert Delivery.select().count() == 2  # the second chunk was rolled back with its cursor
    monkeypatch.setattr(snapshot, "_move_cursor", moved)
    snapshot.fill(planning.get(world.north.id, campaign.id))
    assert Delivery.select().count() == 13
    assert Delivery.select(Delivery.subscriber_id).distinct().count() == 13


def test_who_comes_after_the_snapshot_is_not_taken_in_when_the_campaign_goes_on(
    world: worlds.World, issue: Issue, campaign: Campaign
) -> None:
    campaign = approved(world, issue, campaign)
    snapshot.fill(campaign)
    before = Delivery.select().count()
    mailings.subscriber(world, "Neuling")
    assert snapshot.fill(planning.get(world.north.id, campaign.id)) == 0
    assert Delivery.select().count() == before


def test_pause_resume_cancel_follow_the_course(world: worlds.World, issue: Issue, campaign: Campaign) -> None:
    campaign = approved(world, issue, campaign)
    with pytest.raises(Conflict):
        lifecycle.pause(campaign, world.chief_editor.id)
    Campaign.update(status=CampaignStatus.SENDING, started_at=clock.now()).where(
        Campaign.id == campaign.id
    ).execute()
    campaign = planning.get(world.north.id, campaign.id)
    lifecycle.pause(campaign, world.chief_editor.id)
    with pytest.raises(Conflict):
        lifecycle.pause(campaign, world.chief_editor.id)
    lifecycle.resume(campaign, world.chief_editor.id)
    lifecycle.cancel(campaign, world.chief_editor.id)
    with pytest.raises(Conflict):
        lifecycle.resume(campaign, world.chief_editor.id)
    assert assembly.get(world.north.id, issue.id).state == IssueState.SENT


def test_recipients_are_paged_with_notable_ones_first(
    world: worlds.World, issue: Issue, campaign: Campaign
) -> None:
    campaign = approved(world, issue, campaign)
    snapshot.fill(campaign)
    failed = (
        Delivery.select().where(Delivery.state == DeliveryState.QUEUED).order_by(Delivery.id.desc()).first()
    )
    Delivery.update(state=DeliveryState.FAILED).where(Delivery.id == failed.id).execute()
    found, key = [], ""
    size, reports.PAGE_SIZE = reports.PAGE_SIZE, 5
    try:
        while key is not None:
            rows, key = reports.recipients(campaign, after=key)
            found += [row.delivery_id for row in rows]
    finally:
        reports.PAGE_SIZE = size
    assert found[0] == failed.id
    assert sorted(found) == sorted(d.id for d in Delivery.select()) and len(set(found)) == 13
    assert [r.name for r in reports.recipients(campaign, text="anna")[0]] == ["Anna Annasen"]
    assert len(reports.recipients(campaign, reason=LeftOut.LOCKED)[0]) == 1


def test_search_finds_recipients_beyond_those_looked_up_first(
    world: worlds.World, issue: Issue, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot.fill(approved(world, issue, campaign))
    found = [r.delivery_id for r in reports.recipients(campaign, text="leser")[0]]
    assert len(found) > 3
    monkeypatch.setattr(reports, "LOOKED", 2)
    assert [r.delivery_id for r in reports.recipients(campaign, text="leser")[0]] == found
    monkeypatch.setattr(reports, "PAGE_SIZE", 1)
    first, key = reports.recipients(campaign, text="leser")
    second, _ = reports.recipients(campaign, text="leser", after=key or "")
    assert [r.delivery_id for r in first + second] == found[:2]


def test_the_index_of_notable_recipients_holds_what_the_page_shows_first(world: worlds.World) -> None:
    """The condition is written without a list, because SQLite makes one anew for every mail that changes its state."""
    for state in DeliveryState:
        found = database.execute_sql(
            f"SELECT {NOTABLE_SQL} FROM (SELECT {int(state)} AS state) one"
        ).fetchone()[0]
        assert bool(found) == (state in NOTABLE), state
    if not is_postgres():
        page = (
            f"SELECT id FROM delivery WHERE tenant_id = 1 AND campaign_id = 1 AND {NOTABLE_SQL} ORDER BY id"
        )
        plan = " ".join(row[3] for row in database.execute_sql(f"EXPLAIN QUERY PLAN {page}").fetchall())
        assert "delivery_notable" in plan and "TEMP B-TREE" not in plan


def test_a_foreign_campaign_is_not_there(world: worlds.World, campaign: Campaign) -> None:
    with pytest.raises(NotFound):
        planning.get(world.south.id, campaign.id)


def test_who_started_it_is_told_once_when_it_is_out_and_once_when_it_is_closed(
    world: worlds.World, issue: Issue, campaign: Campaign
) -> None:
    campaign = approved(world, issue, campaign)
    snapshot.fill(campaign)
    Campaign.update(status=CampaignStatus.SENDING, started_at=clock.now()).where(
        Campaign.id == campaign.id
    ).execute()
    Delivery.update(state=DeliveryState.SENT).where(Delivery.state == DeliveryState.QUEUED).execute()
    last = Delivery.select().where(Delivery.state == DeliveryState.SENT).first()
    Delivery.update(state=DeliveryState.DEFERRED).where(Delivery.id == last.id).execute()
    letterhead.configure("https://rundbrief.example")
    for _ in range(2):
        assert not starting.finish_if_done(planning.get(world.north.id, campaign.id))
    Delivery.update(state=DeliveryState.SENT).where(Delivery.id == last.id).execute()
    assert starting.finish_if_done(planning.get(world.north.id, campaign.id))
    assert not starting.finish_if_done(planning.get(world.north.id, campaign.id))
    first, second = OutboxMail.select().where(OutboxMail.kind == "completion").order_by(OutboxMail.id)
    assert first.to_address == second.to_address == world.editor.email
    assert (first.subject, second.subject) == (
        "“Stadtgespräch Nr. 1” is out", "“Stadtgespräch Nr. 1” is finished"
    )  # fmt: skip
    assert f"https://rundbrief.example/t/north/campaigns/{campaign.id}" in first.plain
    assert "mail server: 3 of 4" in first.plain and "Not taken for now: 1" in first.plain
    assert "mail server: 4 of 4" in second.plain and "Not taken" not in second.plain
    assert assembly.get(world.north.id, issue.id).state == IssueState.SENT
