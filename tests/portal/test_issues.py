"""Pages of issues, mailings and approvals: page and fragment, refusals, the whole way to the snapshot."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain import clock
from domain.approvals import flow, listing
from domain.campaigns import planning, snapshot
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import database as bound
from domain.issues import assembly
from domain.issues.models import Issue, IssueState
from domain.ledger.models import Delivery
from domain.notices.models import OutboxMail
from domain.tenancy import settings as tenant_settings
from tests import mailings
from tests import world as worlds

HTMX = {"HX-Request": "true"}
HERE = "/t/north"


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    mailings.everybody(world)
    mailings.verified(world)
    return mailings.issue(world)


@pytest.fixture
def editor(client: FlaskClient, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(client, world.editor)


def plan_values(**more: str) -> dict[str, str]:
    return {
        "whom": "all", "proved": "y", "sender_name": "Verlag Nord", "sender_address": "news@nord.example",
        "reply_to": "", "when": "now", "live": "y", **more,
    }  # fmt: skip


def ask(client: FlaskClient, issue: Issue) -> int:
    answer = client.post(f"{HERE}/issues/{issue.id}/plan", data=plan_values(act="ask", note="Bitte rasch"))
    assert answer.status_code == 303, answer.text
    return listing.open_requests(issue.tenant_id)[0].id


def test_the_list_is_a_page_and_for_htmx_its_rows(editor: FlaskClient, issue: Issue) -> None:
    page = editor.get(f"{HERE}/issues")
    assert "<html" in page.text and issue.name in page.text
    part = editor.get(f"{HERE}/issues", headers=HTMX)
    assert "<html" not in part.text and issue.name in part.text


def test_opening_an_issue_leads_to_its_editor(editor: FlaskClient, world: worlds.World) -> None:
    answer = editor.post(f"{HERE}/issues", data={"type_id": world.types["city"].id})
    assert answer.status_code == 303
    page = editor.get(answer.location)
    assert page.status_code == 200
    assert "Stadtgespräch Nr. 1" in page.text
    assert "The subject is missing." in page.text


def test_foreign_issues_and_mailings_are_not_found(
    client: FlaskClient, world: worlds.World, issue: Issue, sign_in
) -> None:
    campaign = mailings.draft(world, issue)
    sign_in(client, world.south_administrator)
    for path in (
        f"issues/{issue.id}",
        f"issues/{issue.id}/plan",
        f"issues/{issue.id}/preview",
        f"campaigns/{campaign.id}",
    ):
        assert client.get(f"/t/south/{path}").status_code == 404, path
    for path in (f"issues/{issue.id}/head", f"issues/{issue.id}/order", f"campaigns/{campaign.id}/pause"):
        assert client.post(f"/t/south/{path}").status_code == 404, path


def test_reading_the_pages_changes_nothing(editor: FlaskClient, issue: Issue) -> None:
    editor.get(f"{HERE}/issues/{issue.id}")
    before = bound.obj.connection().total_changes if hasattr(bound.obj.connection(), "total_changes") else 0
    for path in ("", "/plan", "/preview", "/checks", "/view", "/sources", "/assembly", "/plan/numbers"):
        expected = 303 if path == "/assembly" else 200  # a fragment only; by itself it leads to the editor
        assert editor.get(f"{HERE}/issues/{issue.id}{path}").status_code == expected, path
    if before:
        assert bound.obj.connection().total_changes == before
    assert not Campaign.select().exists()


def test_saving_while_typing_answers_only_status_and_version(editor: FlaskClient, issue: Issue) -> None:
    data = {"subject": "Neu", "preheader": "", "version": issue.version}
    answer = editor.post(f"{HERE}/issues/{issue.id}/head", data=data, headers=HTMX)
    assert answer.status_code == 200
    assert f'value="{issue.version + 1}"' in answer.text and 'name="subject"' not in answer.text
    assert answer.headers["HX-Trigger"] == "issue-changed"


def test_an_old_version_is_refused_and_nothing_written(editor: FlaskClient, issue: Issue) -> None:
    data = {"subject": "Neu", "preheader": "", "version": issue.version - 1}
    answer = editor.post(f"{HERE}/issues/{issue.id}/head", data=data, headers=HTMX)
    assert answer.status_code == 409
    assert assembly.get(issue.tenant_id, issue.id).subject != "Neu"


def test_an_unknown_placeholder_is_named_and_what_was_typed_stays(editor: FlaskClient, issue: Issue) -> None:
    path = f"{HERE}/issues/{issue.id}/head"
    quiet = editor.post(path, data={"subject": "Für [Vornahme]", "preheader": ""}, headers=HTMX)
    assert quiet.status_code == 422
    assert "[Vornahme]" in quiet.text and "[Vorname]" in quiet.text
    page = editor.post(path, data={"subject": "Für [Vornahme]", "preheader": ""})
    assert page.status_code == 422
    assert 'value="Für [Vornahme]"' in page.text


def test_blocks_are_added_moved_removed_and_restored_without_script(
    editor: FlaskClient, world: worlds.World, issue: Issue
) -> None:
    path = f"{HERE}/issues/{issue.id}"
    assert editor.post(f"{path}/blocks", data={"kind": "button"}).status_code == 303
    made = assembly.blocks(issue)[-1]
    data = {"label": "Alle Termine", "url": "https://nord.example/", "close": "1"}
    assert editor.post(f"{path}/blocks/{made.id}", data=data).status_code == 303
    assert editor.post(f"{path}/blocks/{made.id}/move", data={"way": "up"}).status_code == 303
    assert [b.id for b in assembly.blocks(issue)].index(made.id) == 1
    removed = editor.post(f"{path}/blocks/{made.id}/remove", follow_redirects=True)
    assert f"/blocks/{made.id}/restore" in removed.text
    assert made.id not in [b.id for b in assembly.blocks(issue)]
    assert editor.post(f"{path}/blocks/{made.id}/restore").status_code == 303
    assert [b.id for b in assembly.blocks(issue)].index(made.id) == 1


def test_a_change_of_blocks_answers_htmx_with_the_blocks_and_the_new_version(
    editor: FlaskClient, issue: Issue
) -> None:
    order = [b.id for b in assembly.blocks(issue)][::-1]
    answer = editor.post(
        f"{HERE}/issues/{issue.id}/order", data={"block": order, "version": issue.version}, headers=HTMX
    )
    assert answer.headers["HX-Retarget"] == "#assembly"
    assert answer.text.lstrip().startswith('<div id="assembly">')
    assert f'id="issue-version" value="{issue.version + 1}"' in answer.text
    assert [b.id for b in assembly.blocks(issue)] == order


def test_a_foreign_picture_cannot_be_chosen(editor: FlaskClient, issue: Issue) -> None:
    editor.post(f"{HERE}/issues/{issue.id}/blocks", data={"kind": "picture"})
    made = assembly.blocks(issue)[-1]
    answer = editor.post(f"{HERE}/issues/{issue.id}/blocks/{made.id}", data={"asset_id": "987654"})
    assert answer.status_code == 404


def test_the_preview_is_a_sandboxed_document_of_its_own(editor: FlaskClient, issue: Issue) -> None:
    for part in ("wide", "narrow", "dark", "text"):
        answer = editor.get(f"{HERE}/issues/{issue.id}/preview?part={part}")
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox") and "default-src 'none'" in policy
        assert "Leinebrücke" in answer.text and "Brandt" in answer.text
        assert "rundbrief.css" not in answer.text


def test_a_test_mail_goes_to_the_own_address(editor: FlaskClient, world: worlds.World, issue: Issue) -> None:
    assert editor.post(f"{HERE}/issues/{issue.id}/test").status_code == 303
    assert OutboxMail.get().to_address == world.editor.email


def test_the_plan_shows_numbers_and_reasons_and_follows_the_ticks(editor: FlaskClient, issue: Issue) -> None:
    page = editor.get(f"{HERE}/issues/{issue.id}/plan")
    assert "Request approval for 4 recipients" in page.text
    assert "Suppression list" in page.text
    part = editor.get(f"{HERE}/issues/{issue.id}/plan/numbers?whom=all&proved=y&unknown=y", headers=HTMX)
    assert "Request approval for 5 recipients" in part.text and "<html" not in part.text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sender_address": "boss@elsewhere.example"}, "no verified sender domain"),
        ({"sender_name": "a\r\nBcc: x"}, "in one line"),
        ({"when": "at", "send_at": "2020-01-01T10:00"}, "This time has passed"),
        ({"when": "at", "send_at": ""}, "Enter day and time"),
        ({"whom": "lists"}, "Choose at least one distribution list"),
    ],
)
def test_a_wrong_plan_is_refused_beside_the_field(
    editor: FlaskClient, issue: Issue, values: dict[str, str], said: str
) -> None:
    answer = editor.post(f"{HERE}/issues/{issue.id}/plan", data=plan_values(**values))
    assert answer.status_code == 422
    assert said in answer.text


def test_from_plan_to_approval_to_a_scheduled_mailing(
    app: Flask, editor: FlaskClient, world: worlds.World, issue: Issue, sign_in
) -> None:
    approval_id = ask(editor, issue)
    own = editor.get(f"{HERE}/approvals/{approval_id}")
    assert "Bitte rasch" in own.text and 'name="decision"' not in own.text
    assert editor.post(f"{HERE}/issues/{issue.id}/head", data={"subject": "Late"}).status_code == 409

    chief = sign_in(app.test_client(), world.chief_editor)
    assert issue.name in chief.get(f"{HERE}/approvals").text
    page = chief.get(f"{HERE}/approvals/{approval_id}")
    mark = re.search(r'name="fingerprint" value="([0-9a-f]{64})"', page.text)
    assert mark and "4 people" in page.text
    mail = chief.get(f"{HERE}/approvals/{approval_id}/mail")
    assert mail.headers["Content-Security-Policy"].startswith("sandbox")

    path = f"{HERE}/approvals/{approval_id}"
    assert chief.post(path, data={"decision": "return", "fingerprint": mark[1]}).status_code == 422
    assert chief.post(path, data={"decision": "approve", "fingerprint": "0" * 64}).status_code == 409
    assert chief.post(path, data={"decision": "approve", "fingerprint": mark[1]}).status_code == 303
    assert chief.post(path, data={"decision": "approve", "fingerprint": mark[1]}).status_code == 409

    campaign = Campaign.get()
    assert campaign.status == CampaignStatus.SCHEDULED
    assert assembly.get(issue.tenant_id, issue.id).state == IssueState.APPROVED
    assert Campaign.select().count() == 1


def test_who_asked_cannot_approve_by_a_forged_form(
    app: Flask, world: worlds.World, issue: Issue, sign_in
) -> None:
    chief = sign_in(app.test_client(), world.chief_editor)
    approval_id = ask(chief, issue)
    mark = flow.get(issue.tenant_id, approval_id).fingerprint
    answer = chief.post(f"{HERE}/approvals/{approval_id}", data={"decision": "approve", "fingerprint": mark})
    assert answer.status_code == 403
    assert Campaign.get().status == CampaignStatus.IN_APPROVAL


def test_a_returned_issue_shows_the_remark(
    app: Flask, editor: FlaskClient, world: worlds.World, issue: Issue, sign_in
) -> None:
    approval_id = ask(editor, issue)
    chief = sign_in(app.test_client(), world.chief_editor)
    mark = flow.get(issue.tenant_id, approval_id).fingerprint
    data = {"decision": "return", "remark": "Bitte den Betreff kürzen", "fingerprint": mark}
    assert chief.post(f"{HERE}/approvals/{approval_id}", data=data).status_code == 303
    page = editor.get(f"{HERE}/issues/{issue.id}")
    assert "Bitte den Betreff kürzen" in page.text and 'id="subject"' in page.text


def test_taking_back_makes_the_request_void(editor: FlaskClient, issue: Issue) -> None:
    approval_id = ask(editor, issue)
    assert editor.post(f"{HERE}/issues/{issue.id}/reopen").status_code == 303
    assert "void" in editor.get(f"{HERE}/approvals/{approval_id}").text
    assert ask(editor, assembly.get(issue.tenant_id, issue.id)) != approval_id


def approve(client: FlaskClient, tenant_id: int, approval_id: int) -> str:
    """Approve by the form; the page that follows."""
    data = {"decision": "approve", "fingerprint": flow.get(tenant_id, approval_id).fingerprint}
    answer = client.post(f"{HERE}/approvals/{approval_id}", data=data, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def test_approved_anew_a_reopened_mailing_goes_back_to_its_time(
    app: Flask, editor: FlaskClient, world: worlds.World, issue: Issue, sign_in
) -> None:
    timed = plan_values(act="ask", when="at", send_at="2031-05-01T09:00")
    plan = f"{HERE}/issues/{issue.id}/plan"
    assert editor.post(plan, data=timed).status_code == 303
    chief = sign_in(app.test_client(), world.chief_editor)
    assert "It goes out Thursday 1 May 2031" in approve(
        chief, issue.tenant_id, listing.open_requests(issue.tenant_id)[0].id
    )
    back = editor.post(f"{HERE}/issues/{issue.id}/reopen", follow_redirects=True).text
    assert "It keeps its time: approved again, it goes out Thursday 1 May 2031" in back
    found = assembly.get(issue.tenant_id, issue.id)
    assembly.set_head(found, subject="Neuer Betreff", preheader="")
    assert 'value="2031-05-01T09:00"' in editor.get(plan).text
    version = planning.of_issue(found).version
    assert editor.post(plan, data={**timed, "version": version}).status_code == 303
    approve(chief, issue.tenant_id, listing.open_requests(issue.tenant_id)[0].id)
    campaign = Campaign.get()
    assert (campaign.status, campaign.send_at.year, campaign.due_at) == (
        CampaignStatus.SCHEDULED,
        2031,
        campaign.send_at,
    )


def test_the_approver_reads_who_changed_what_since_the_last_version(
    app: Flask, editor: FlaskClient, world: worlds.World, issue: Issue, sign_in
) -> None:
    ask(editor, issue)
    editor.post(f"{HERE}/issues/{issue.id}/reopen")
    chief = sign_in(app.test_client(), world.chief_editor)
    head = {"subject": "Brücke ab Montag gesperrt", "preheader": issue.preheader}
    now = assembly.get(issue.tenant_id, issue.id)
    assert (
        chief.post(f"{HERE}/issues/{issue.id}/head", data={**head, "version": now.version}).status_code == 303
    )
    intro, now = assembly.blocks(issue)[0], assembly.get(issue.tenant_id, issue.id)
    text = {"html": "<p>Heute mit Fahrplan und Karte.</p>", "version": now.version}
    assert editor.post(f"{HERE}/issues/{issue.id}/blocks/{intro.id}", data=text).status_code == 303
    approval_id = ask(editor, assembly.get(issue.tenant_id, issue.id))
    page = chief.get(f"{HERE}/approvals/{approval_id}").text
    places = re.findall(r"<h3>([^<]+)</h3><span[^>]*>[^<]*</span><span[^>]*>([^<,]+), ", page)
    assert ("Subject", world.chief_editor.name) in places
    assert ("Heute mit Fahrplan und Karte.", world.editor.name) in places


def test_a_time_that_has_passed_meanwhile_is_said_and_asked_for(
    app: Flask, editor: FlaskClient, world: worlds.World, issue: Issue, sign_in
) -> None:
    timed = plan_values(act="ask", when="at", send_at="2031-05-01T09:00")
    plan = f"{HERE}/issues/{issue.id}/plan"
    assert editor.post(plan, data=timed).status_code == 303
    Campaign.update(send_at=clock.now() - timedelta(hours=2)).execute()
    chief = sign_in(app.test_client(), world.chief_editor)
    request = listing.open_requests(issue.tenant_id)[0]
    assert "This time has passed: approved now" in chief.get(f"{HERE}/approvals/{request.id}").text
    back = editor.post(f"{HERE}/issues/{issue.id}/reopen", follow_redirects=True).text
    assert "Its planned time has passed: choose a new one" in back
    page = editor.get(plan).text
    assert "The planned time has passed. Choose a new one." in page
    shown = re.search(r'name="send_at"[^>]*value="([^"]+)"', page)
    version = planning.of_issue(issue).version
    assert (
        shown
        and editor.post(plan, data={**timed, "send_at": shown[1], "version": version}).status_code == 422
    )


def test_asking_twice_by_a_double_click_makes_one_mailing(editor: FlaskClient, issue: Issue) -> None:
    ask(editor, issue)
    again = editor.post(f"{HERE}/issues/{issue.id}/plan", data=plan_values(act="ask"))
    assert again.status_code == 409
    assert Campaign.select().count() == 1


def test_without_four_eyes_the_button_sends(app: Flask, world: worlds.World, issue: Issue, sign_in) -> None:
    tenant_settings.change(world.north, {"approval_self": True})
    chief = sign_in(app.test_client(), world.chief_editor)
    assert "Send to 4 people" in chief.get(f"{HERE}/issues/{issue.id}/plan").text
    assert chief.post(f"{HERE}/issues/{issue.id}/plan", data=plan_values(act="send")).status_code == 303
    assert Campaign.get().status == CampaignStatus.SCHEDULED


@pytest.fixture
def sending(world: worlds.World, issue: Issue, app: Flask, sign_in) -> Campaign:
    """A campaign whose mails wait in the ledger."""
    tenant_settings.change(world.north, {"approval_self": True})
    chief = sign_in(app.test_client(), world.chief_editor)
    chief.post(f"{HERE}/issues/{issue.id}/plan", data=plan_values(act="send"))
    campaign = planning.get(world.north.id, Campaign.get().id)
    snapshot.fill(campaign)
    Campaign.update(status=CampaignStatus.SENDING, started_at=1_800_000_000).where(
        Campaign.id == campaign.id
    ).execute()
    return planning.get(world.north.id, campaign.id)


def test_progress_polls_itself_until_it_is_over(editor: FlaskClient, sending: Campaign) -> None:
    page = editor.get(f"{HERE}/campaigns/{sending.id}")
    assert "of 4 sent" in page.text and 'hx-trigger="every 2s"' in page.text
    assert "Robin Robinsen" in page.text
    part = editor.get(f"{HERE}/campaigns/{sending.id}", headers=HTMX)
    assert part.status_code == 200 and "<html" not in part.text
    Campaign.update(status=CampaignStatus.FINISHED).where(Campaign.id == sending.id).execute()
    last = editor.get(f"{HERE}/campaigns/{sending.id}", headers=HTMX)
    assert last.status_code == 286 and "every 2s" not in last.text


def test_left_out_counts_lead_to_names(editor: FlaskClient, sending: Campaign) -> None:
    page = editor.get(f"{HERE}/campaigns/{sending.id}")
    link = re.search(r'href="([^"]+reason=8)"', page.text)
    assert link
    named = editor.get(link[1].replace("&amp;", "&"))
    assert "Robin Robinsen" in named.text and "Anna Annasen" not in named.text


def test_names_are_only_for_those_who_may_see_them(
    app: Flask, world: worlds.World, sending: Campaign, sign_in
) -> None:
    auditor = sign_in(app.test_client(), world.auditor)
    page = auditor.get(f"{HERE}/campaigns/{sending.id}")
    assert page.status_code == 200 and "Annasen" not in page.text and "anna@" not in page.text
    assert "Annasen" not in auditor.get(f"{HERE}/campaigns/{sending.id}/recipients").text
    assert auditor.post(f"{HERE}/campaigns/{sending.id}/export").status_code == 404


def test_pause_resume_and_cancel_by_those_who_may_send(
    app: Flask, editor: FlaskClient, world: worlds.World, sending: Campaign, sign_in
) -> None:
    assert editor.post(f"{HERE}/campaigns/{sending.id}/pause").status_code == 403
    chief = sign_in(app.test_client(), world.chief_editor)
    assert chief.post(f"{HERE}/campaigns/{sending.id}/pause").status_code == 303
    assert "4 people have not got it yet" in chief.get(f"{HERE}/campaigns/{sending.id}").text
    assert chief.post(f"{HERE}/campaigns/{sending.id}/resume").status_code == 303
    assert "This cannot be undone" in chief.get(f"{HERE}/campaigns/{sending.id}/cancel").text
    assert chief.post(f"{HERE}/campaigns/{sending.id}/cancel").status_code == 303
    assert Campaign.get_by_id(sending.id).status == CampaignStatus.CANCELLED


def test_the_export_is_safe_in_spreadsheets(
    app: Flask, world: worlds.World, sending: Campaign, sign_in
) -> None:
    row = Delivery.select().where(Delivery.state == 1).order_by(Delivery.id).first()
    Delivery.update(reply_text="=cmd()").where(Delivery.id == row.id).execute()
    admin = sign_in(app.test_client(), world.administrator)
    text = admin.post(f"{HERE}/campaigns/{sending.id}/export").text
    assert text.count("\n") == 14
    assert "'=cmd()" in text and "anna@leser.example" in text
