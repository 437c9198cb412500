"""Pages of mailings to very many people: they stand at once, and what must be counted follows or was kept."""

import pytest

from dispatcher.jobs import tallies as job
from domain import clock
from domain.campaigns import audience, tallies
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState as D
from domain.ledger.states import LeftOut
from tests import mailings

ASYNC = {"HX-Request": "true"}


@pytest.fixture
def editor(client, sign_in, world):
    return sign_in(client, world.chief_editor)


@pytest.fixture
def many(monkeypatch):
    """Two people are many, and two mails."""
    monkeypatch.setattr(audience, "LIVE", 2)
    monkeypatch.setattr(tallies, "LIVE", 2)


@pytest.fixture
def finished(world, issue):
    """Four mails: sent, sent, refused as unknown, left out."""
    made = mailings.draft(world, issue)
    made.status, made.test_mode = CampaignStatus.FINISHED, False
    made.started_at = made.finished_at = clock.moment(clock.epoch() - 60)
    made.save()
    for number, state in enumerate((D.SENT, D.SENT, D.FAILED, D.SUPPRESSED)):
        Delivery.create(
            tenant_id=made.tenant_id, campaign_id=made.id, address_key=f"p{number}", state=state, queued_at=1,
            settled_at=clock.epoch() - 90, reason=LeftOut.LOCKED if state == D.SUPPRESSED else None,
            enhanced="5.1.1" if state == D.FAILED else None,
        )  # fmt: skip
    return made


def test_the_numbers_of_a_plan_follow_and_nobody_sends_before_he_has_seen_them(editor, issue, many):
    page = editor.get(f"/t/north/issues/{issue.id}/plan").text
    assert "We are counting" in page and 'id="act-ask"' not in page and 'id="act-send"' not in page
    asked = f"/t/north/issues/{issue.id}/plan/numbers?whom=all&proved=y"
    numbers = editor.get(asked, headers=ASYNC).text
    assert "We are counting" not in numbers and ">4<" in numbers and 'id="act' in numbers
    checks = editor.get(asked.replace("numbers", "checks"), headers=ASYNC).text
    assert 'id="findings"' in checks and "We are counting" not in checks
    without_script = editor.get(f"/t/north/issues/{issue.id}/plan?count=1").text
    assert "We are counting" not in without_script and ">4<" in without_script


def test_a_large_mailing_shows_what_the_work_process_has_counted(editor, finished, many):
    url = f"/t/north/campaigns/{finished.id}"
    assert "We are counting" in editor.get(url).text
    job.sweep()
    Delivery.update(state=D.QUEUED).execute()  # nothing is counted for the page any more
    page = editor.get(url).text
    assert "of 3 sent" in page and "Not taken, by reason" in page and "We are counting" not in page


def test_a_large_mailing_that_has_just_ended_looks_again_until_it_is_counted(editor, finished, many):
    job.sweep()
    Campaign.update(tallied_at=clock.moment(clock.epoch() - 120)).execute()
    looking = editor.get(f"/t/north/campaigns/{finished.id}", headers=ASYNC)
    assert looking.status_code == 200 and "every 2s" in looking.text and "as of" in looking.text
    job.sweep()
    assert editor.get(f"/t/north/campaigns/{finished.id}", headers=ASYNC).status_code == 286


def test_who_is_still_missing_is_counted_after_the_page_stands(editor, finished, many):
    job.sweep()
    url = f"/t/north/campaigns/{finished.id}/next"
    page = editor.get(url).text
    assert "We are counting" in page and "2 people have it" in page
    assert "4 people may get this mail" in editor.get(url, headers=ASYNC).text
    assert "4 people may get this mail" in editor.get(f"{url}?count=1").text
    editor.post(f"/t/north/campaigns/{finished.id}/missing")
    child = Campaign.get(Campaign.course == Course.MISSING)
    draft = f"/t/north/campaigns/{child.id}/missing"
    assert "We are counting" in editor.get(draft).text
    assert "Request approval for 4 recipients" in editor.get(draft, headers=ASYNC).text
