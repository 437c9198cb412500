"""Pages of mailings to very many people: they stand at once, and what must be counted follows or was kept."""

import pytest

from dispatcher import clearance
from dispatcher.housemail import letterhead
from dispatcher.jobs import tallies as job
from domain import clock
from domain.approvals.models import Approval, ApprovalState
from domain.campaigns import audience, tallies
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState as D
from domain.ledger.states import LeftOut
from domain.subscribers.models import Subscriber
from portal import sending
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


@pytest.fixture
def asked(world, issue):
    """A mailing that waits for approval."""
    letterhead.configure(mailings.BASE_URL)
    clearance.ask(world.north, issue, mailings.draft(world, issue), world.editor, mailings.BASE_URL)
    return Approval.get()


def test_nobody_approves_before_he_has_seen_to_how_many_people_it_goes(editor, asked, many, monkeypatch):
    monkeypatch.setattr(sending, "TYPED_FROM", 2)
    url = f"/t/north/approvals/{asked.id}"
    page = editor.get(url).text
    assert "We are counting" in page and f'hx-get="{url}"' in page and "4 people" not in page
    assert 'value="approve"' not in page and 'value="return"' in page and 'value="reject"' in page
    follows = editor.get(url, headers=ASYNC).text
    assert "4 people" in follows and "left out" in follows and "We are counting" not in follows
    assert 'value="approve"' in follows and 'name="typed"' in follows and 'name="remark"' not in follows
    without_script = editor.get(f"{url}?count=1").text
    assert "4 people" in without_script and 'value="approve"' in without_script
    form = {"decision": "approve", "fingerprint": asked.fingerprint}
    assert editor.post(url, data=form | {"typed": "3"}).status_code == 422, (
        "counted exactly when it is decided"
    )
    assert editor.post(url, data=form | {"typed": "4"}).status_code == 303
    assert Approval.get_by_id(asked.id).state == ApprovalState.APPROVED


def test_what_the_check_says_of_the_people_of_a_large_mailing_follows(editor, asked, issue, many):
    Subscriber.update(first_name="").where(Subscriber.first_name == "Anna").execute()
    for url, counted in (
        (f"/t/north/issues/{issue.id}/preflight", "?part=findings"),
        (f"/t/north/approvals/{asked.id}/checks", ""),
    ):
        page, empty = editor.get(url).text, "is empty for one person"
        assert "We are counting" in page and empty not in page
        follows = editor.get(url + counted, headers=ASYNC).text
        assert "We are counting" not in follows and empty in follows
        assert empty in editor.get(f"{url}?count=1").text
    links = editor.get(f"/t/north/issues/{issue.id}/preflight", headers=ASYNC).text
    assert 'id="links"' in links and 'id="found"' not in links


def test_before_a_large_mailing_is_cancelled_the_page_says_what_is_known_of_it(editor, finished, many):
    Campaign.update(status=CampaignStatus.PAUSED, finished_at=None).execute()
    Delivery.update(state=D.QUEUED).where(Delivery.state == D.FAILED).execute()
    url = f"/t/north/campaigns/{finished.id}/cancel"
    assert "Whoever has the mail keeps it" in editor.get(url).text
    job.sweep()
    page = editor.get(url).text
    assert "2 people have the mail and keep it; 1 people will never get it" in page and "as of" in page
