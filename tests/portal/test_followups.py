"""The pages behind a mailing: corrected, sent to those still missing, decided about the doubtful."""

import sqlite3

import pytest

from dispatcher import clearance
from dispatcher.engine import starting
from domain import clock, db
from domain.approvals import flow
from domain.approvals.models import ApprovalState
from domain.campaigns import lifecycle, planning
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.issues import assembly
from domain.issues.models import IssueState
from domain.ledger import halts
from domain.ledger.models import Delivery, DispatcherProcess
from domain.ledger.states import DeliveryState as D
from portal import context
from tests import mailings


@pytest.fixture
def running(world):
    """Approved and begun, four people in the ledger."""
    mailings.everybody(world)
    issue = mailings.issue(world)
    campaign = mailings.draft(world, issue)
    clearance.ask(world.north, issue, campaign, world.editor, mailings.BASE_URL)
    approve(world, campaign)
    starting.start_due()
    return fresh(campaign)


def fresh(campaign):
    return planning.get(campaign.tenant_id, campaign.id)


def approve(world, campaign, by=None):
    current = fresh(campaign)
    approval = flow.get(world.north.id, current.approval_id)
    lifecycle.decide(
        current,
        approval,
        by or world.chief_editor,
        ApprovalState.APPROVED,
        current.fingerprint,
        "",
        None,
        False,
    )


def finish(campaign):
    Delivery.update(state=D.SENT, handed_over=True, settled_at=1).where(Delivery.state == D.QUEUED).execute()
    Campaign.update(status=CampaignStatus.FINISHED, finished_at=clock.now()).where(
        Campaign.id == campaign.id
    ).execute()


@pytest.fixture
def chief(client, sign_in, world):
    return sign_in(client, world.chief_editor)


def test_a_pause_says_that_it_is_under_way_until_every_process_has_answered(chief, running):
    now = clock.epoch()
    process = DispatcherProcess.create(
        name="deliver", host="h", boot_id="b", pid=1, journal="", started_at=now - 9, heartbeat_at=now
    )
    chief.post(f"/t/north/campaigns/{running.id}/pause")
    page = chief.get(f"/t/north/campaigns/{running.id}").text
    assert "is being paused" in page and "The mailing is paused." not in page
    halts.answer(halts.unanswered(process.id, 0)[0].halt_id, process.id, 0)
    page = chief.get(f"/t/north/campaigns/{running.id}").text
    assert "is being paused" not in page and "The mailing is paused." in page


@pytest.mark.sqlite_only
def test_a_locked_database_is_told_soon_and_nothing_is_half_done(chief, running, database, monkeypatch):
    monkeypatch.setattr(context, "BUSY_S", 0.2)
    other = sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    db.database.close()  # each request opens its own connection, as in a house
    try:
        assert chief.get(f"/t/north/campaigns/{running.id}").status_code == 200
        refused = chief.post(f"/t/north/campaigns/{running.id}/pause")
        assert refused.status_code == 503 and refused.headers["Retry-After"]
        assert "Nothing was lost" in refused.text
    finally:
        other.close()
        db.database.connect(reuse_if_open=True)
    assert fresh(running).status == CampaignStatus.SENDING
    chief.post(f"/t/north/campaigns/{running.id}/pause")
    assert fresh(running).status == CampaignStatus.PAUSED


def test_a_paused_mailing_is_corrected_and_goes_on(chief, world, running):
    chief.post(f"/t/north/campaigns/{running.id}/pause")
    assert "Correct the mail for the rest" in chief.get(f"/t/north/campaigns/{running.id}/next").text
    gone = chief.post(f"/t/north/campaigns/{running.id}/correct")
    assert f"/issues/{running.issue_id}" in gone.location
    page = chief.get(f"/t/north/campaigns/{running.id}").text
    assert "The mail is being corrected." in page and "campaigns.resume" not in page
    assert chief.post(f"/t/north/campaigns/{running.id}/resume").status_code == 409
    assembly.set_head(
        assembly.get(world.north.id, running.issue_id), subject="Berichtigt für Sie", preheader="x"
    )
    chief.post(f"/t/north/campaigns/{running.id}/correct/ask")
    assert fresh(running).status == CampaignStatus.IN_APPROVAL
    page = chief.get(f"/t/north/approvals/{fresh(running).approval_id}")
    assert page.status_code == 200 and "Berichtigt" in page.text


def test_an_approved_correction_that_stands_still_can_be_corrected_once_more(chief, world, running):
    chief.post(f"/t/north/campaigns/{running.id}/pause")
    chief.post(f"/t/north/campaigns/{running.id}/correct")
    issue = assembly.get(world.north.id, running.issue_id)
    assembly.set_head(issue, subject="Berichtigt für Sie", preheader="x")
    chief.post(f"/t/north/campaigns/{running.id}/correct/ask")
    approve(world, running, world.editor)
    starting.stop(fresh(running), "What it needs is gone.")
    page = chief.get(f"/t/north/campaigns/{running.id}").text
    assert (
        "The corrected mail is approved, but the mailing stands still." in page and 'id="act-again"' in page
    )
    chief.post(f"/t/north/campaigns/{running.id}/correct")
    assert assembly.get(world.north.id, running.issue_id).state == IssueState.DRAFT
    page = chief.get(f"/t/north/campaigns/{running.id}").text
    assert "The mail is being corrected." in page and "What it needs is gone." not in page


def test_keeping_the_old_version_makes_the_issue_read_only_again(chief, world, running):
    chief.post(f"/t/north/campaigns/{running.id}/pause")
    chief.post(f"/t/north/campaigns/{running.id}/correct")
    chief.post(f"/t/north/campaigns/{running.id}/correct/drop")
    assert assembly.get(world.north.id, running.issue_id).state == IssueState.APPROVED
    assert chief.post(f"/t/north/campaigns/{running.id}/resume").status_code in (302, 303)


def test_the_same_mail_goes_to_those_still_missing(chief, world, running):
    finish(running)
    mailings.subscriber(world, "Neu")
    assert "1 person may get this mail" in chief.get(f"/t/north/campaigns/{running.id}/next").text
    chief.post(f"/t/north/campaigns/{running.id}/missing")
    child = Campaign.get(Campaign.course == Course.MISSING)
    assert chief.get(f"/t/north/campaigns/{child.id}").location.endswith(f"/campaigns/{child.id}/missing")
    page = chief.get(f"/t/north/campaigns/{child.id}/missing").text
    assert "Request approval for 1 recipient" in page
    chief.post(f"/t/north/campaigns/{child.id}/missing/ask", data={"note": "one has joined"})
    assert fresh(child).status == CampaignStatus.IN_APPROVAL
    assert chief.get(f"/t/north/approvals/{fresh(child).approval_id}").status_code == 200
    assert chief.get(f"/t/north/campaigns/{child.id}/missing").status_code == 404


def test_a_draft_for_those_still_missing_can_be_thrown_away(chief, world, running):
    finish(running)
    mailings.subscriber(world, "Neu")
    chief.post(f"/t/north/campaigns/{running.id}/missing")
    child = Campaign.get(Campaign.course == Course.MISSING)
    chief.post(f"/t/north/campaigns/{child.id}/missing/discard")
    assert not Campaign.select().where(Campaign.id == child.id).exists()
    assert chief.post(f"/t/north/campaigns/{running.id}/missing/discard").status_code == 404


def test_a_correction_opens_a_copy_for_those_who_have_the_mail(chief, world, running):
    finish(running)
    made = chief.post(f"/t/north/campaigns/{running.id}/correction", data={"who": "all"})
    child = Campaign.get(Campaign.course == Course.CORRECTION)
    assert f"/issues/{child.issue_id}" in made.location and child.issue_id != running.issue_id
    page = chief.get(f"/t/north/issues/{child.issue_id}/plan")
    assert page.status_code == 200 and "Request approval for 4 recipients" in page.text
    numbers = chief.get(f"/t/north/issues/{child.issue_id}/plan/numbers?whom=all&unknown=y&proved=y").text
    assert "Request approval for 4 recipients" in numbers


def test_the_doubtful_are_listed_by_name_and_decided_one_by_one(chief, world, running):
    first, second, third, _ = Delivery.select().where(Delivery.state == D.QUEUED).order_by(Delivery.id)
    finish(running)
    for row, state in ((first, D.HELD), (second, D.HELD), (third, D.UNCERTAIN)):
        Delivery.update(state=state, settled_at=None).where(Delivery.id == row.id).execute()
    url = f"/t/north/campaigns/{running.id}/doubtful"
    page = chief.get(url).text
    assert "Anna Annasen" in page and "Bert Bertsen" in page and "Cleo Cleosen" in page
    chief.post(url, data={"act": f"leave:{first.id}"})
    assert "Anna Annasen" not in chief.get(url).text
    chief.post(url, data={"act": "again", "ids": [str(second.id)]})
    again = Delivery.get_by_id(second.id)
    assert (again.state, again.maybe_duplicate) == (D.QUEUED, True)
    assert fresh(running).status == CampaignStatus.SENDING  # it is open again
    chief.post(url, data={"act": "leave:all"})
    left = Delivery.get_by_id(third.id)
    assert left.state == D.HELD and left.settled_at
    assert "Nobody is doubtful" in chief.get(url).text
    assert chief.post(url, data={"act": "what"}).status_code == 404


def test_nobody_gets_a_cancelled_mailing_after_all(chief, running):
    Delivery.update(state=D.HELD).where(Delivery.state == D.QUEUED).execute()
    lifecycle.cancel(running, 1)
    url = f"/t/north/campaigns/{running.id}/doubtful"
    assert "Send once more" not in chief.get(url).text
    assert chief.post(url, data={"act": "again:all"}).status_code == 409
