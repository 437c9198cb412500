"""Approval of articles, issues and media; approvers known by an address; stand-ins, escalation, and what drifts."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatcher import clearance
from dispatcher.engine import starting
from dispatcher.housemail import approving, letterhead
from domain import clock
from domain.accounts.models import User
from domain.approvals import flow, listing, setup
from domain.approvals.models import Approval, ApprovalGuest, ApprovalState
from domain.approvals.setup import ARTICLE, CAMPAIGN, ISSUE, MEDIA, Step, Terms
from domain.audit.models import AuditEntry
from domain.campaigns import audience, planning
from domain.campaigns.models import Campaign, CampaignStatus
from domain.content.models import Article, ArticleState
from domain.issues import assembly
from domain.notices.models import Notice, OutboxMail
from domain.segments import saved
from domain.tenancy import settings as tenant_settings
from mediadb import approving as media
from mediadb import library
from tests import mailings
from tests.world import World

HERE = "/t/north"
BOARD = "vorstand@verein.example"


@pytest.fixture(autouse=True)
def ready(world: World) -> None:
    letterhead.configure(mailings.BASE_URL)


def steps(world: World, kind: str, *wanted: Step, folder_id: int | None = None, **terms) -> None:
    setup.save(world.north.id, kind, Terms(**terms), wanted or [Step()], world.administrator.id, folder_id)


def click(client: FlaskClient, approval: Approval, decision: str = "approve", remark: str = "", **more: str):
    data = {"decision": decision, "fingerprint": approval.fingerprint, "remark": remark, **more}
    return client.post(f"{HERE}/approvals/{approval.id}", data=data)


def newest() -> Approval:
    return Approval.select().order_by(Approval.id.desc()).get()


def submitted(app: Flask, world: World, sign_in) -> tuple[Article, FlaskClient]:
    """An article of the journalist, written and submitted in the portal."""
    client = sign_in(app.test_client(), world.journalist)
    article = mailings.article(world, state=ArticleState.DRAFT)
    url = f"{HERE}/articles/{article.id}/edit"
    form = {
        "title": article.title, "teaser": article.teaser, "body": article.body, "version": "1", "language": "de",
        "submit": "1",
    }  # fmt: skip
    assert client.post(url, data=form).status_code == 303
    return Article.get_by_id(article.id), client


# articles


def test_a_submitted_article_goes_through_the_steps_of_its_flow(app: Flask, world: World, sign_in) -> None:
    steps(world, ARTICLE, Step(world.roles["chief_editor"].id), Step(world.roles["administrator"].id))
    article, author = submitted(app, world, sign_in)
    approval = newest()
    assert (approval.kind, approval.title) == (ARTICLE, article.title)
    assert OutboxMail.get(OutboxMail.kind == "approval").to_address == world.chief_editor.email
    editor = sign_in(app.test_client(), world.editor)
    assert editor.post(f"{HERE}/articles/{article.id}/accept").status_code == 409, (
        "nobody goes past the steps"
    )
    chief, admin = (sign_in(app.test_client(), p) for p in (world.chief_editor, world.administrator))
    page = chief.get(f"{HERE}/approvals/{approval.id}").text
    assert article.title in page and "Die Linien 4 und 12" in page
    assert "Ab Montag." in chief.get(f"{HERE}/approvals/{approval.id}/mail").text
    assert click(chief, approval).status_code == 303
    assert Article.get_by_id(article.id).state == ArticleState.SUBMITTED
    assert click(admin, approval).status_code == 303
    assert Article.get_by_id(article.id).state == ArticleState.ACCEPTED
    assert "has approved" in author.get(f"{HERE}/notices").text


def test_a_change_of_a_submitted_article_voids_its_request_and_says_so(
    app: Flask, world: World, sign_in
) -> None:
    steps(world, ARTICLE)
    article, author = submitted(app, world, sign_in)
    approval = newest()
    editor = sign_in(app.test_client(), world.editor)
    form = {
        "title": "Anders",
        "teaser": article.teaser,
        "body": article.body,
        "version": str(article.version),
        "language": "de",
    }
    assert editor.post(f"{HERE}/articles/{article.id}/edit", data=form).status_code == 303
    assert flow.get(world.north.id, approval.id).state == ApprovalState.VOID
    assert "its approval is void" in author.get(f"{HERE}/notices").text
    chief = sign_in(app.test_client(), world.chief_editor)
    assert "Void: The article was changed." in chief.get(f"{HERE}/approvals/{approval.id}").text
    assert click(chief, approval).status_code == 409
    assert Article.get_by_id(article.id).state == ArticleState.RETURNED


def test_an_approved_article_stays_as_it_was_while_a_new_draft_is_written(
    app: Flask, world: World, sign_in
) -> None:
    steps(world, ARTICLE)
    article, _author = submitted(app, world, sign_in)
    chief = sign_in(app.test_client(), world.chief_editor)
    click(chief, newest())
    editor = sign_in(app.test_client(), world.editor)
    assert editor.get(f"{HERE}/articles/{article.id}/edit").status_code == 303, (
        "no way to edit the approved one"
    )
    assert "Begin a new draft" in editor.get(f"{HERE}/articles/{article.id}").text
    where = editor.post(f"{HERE}/articles/{article.id}/draft").headers["Location"]
    assert editor.post(f"{HERE}/articles/{article.id}/draft").headers["Location"] == where, (
        "one draft, not two"
    )
    draft = Article.get(Article.draft_of_id == article.id)
    form = {
        "title": "Neu",
        "teaser": article.teaser,
        "body": "<p>Neu.</p>",
        "version": "1",
        "language": "de",
        "submit": "1",
    }
    assert editor.post(where, data=form).status_code == 303
    assert Article.get_by_id(article.id).title == article.title
    page = chief.get(f"{HERE}/approvals/{newest().id}").text
    assert "since the approved version" in page and "<ins>Neu</ins>" in page
    assert click(chief, newest()).status_code == 303
    assert Article.get_by_id(article.id).title == "Neu"
    assert Article.get_by_id(draft.id).state == ArticleState.ARCHIVED


def test_without_a_flow_articles_are_accepted_as_before(app: Flask, world: World, sign_in) -> None:
    article, _author = submitted(app, world, sign_in)
    assert not Approval.select().exists()
    assert (
        sign_in(app.test_client(), world.editor).post(f"{HERE}/articles/{article.id}/accept").status_code
        == 303
    )


# issues


def test_an_issue_with_a_flow_of_its_own_is_approved_before_its_mailing_is_asked_for(
    app: Flask, world: World, sign_in
) -> None:
    mailings.everybody(world)
    steps(world, ISSUE)
    issue = mailings.issue(world)
    mailings.draft(world, issue)
    editor, chief = (sign_in(app.test_client(), p) for p in (world.editor, world.chief_editor))
    plan = {
        "sender_name": "Verlag Nord", "sender_address": "news@nord.example", "when": "now", "act": "ask",
        "recipients": "all", "time": "now", "live": "y",
    }  # fmt: skip
    refused = editor.post(f"{HERE}/issues/{issue.id}/plan", data=plan)
    assert refused.status_code == 422 and "The issue itself needs its approval first" in refused.text
    assert "needs its own approval" in editor.get(f"{HERE}/issues/{issue.id}").text
    assert editor.post(f"{HERE}/issues/{issue.id}/approval").status_code == 303
    assert click(chief, newest()).status_code == 303
    assert "approved as it stands" in editor.get(f"{HERE}/issues/{issue.id}").text
    answer = editor.post(f"{HERE}/issues/{issue.id}/plan", data=plan)
    assert answer.status_code == 303
    assert newest().kind == CAMPAIGN


def test_a_change_of_an_approved_issue_voids_its_approval(app: Flask, world: World, sign_in) -> None:
    steps(world, ISSUE)
    issue = mailings.issue(world)
    clearance.ask_issue(world.north, issue, world.editor, mailings.BASE_URL)
    approval = newest()
    click(sign_in(app.test_client(), world.chief_editor), approval)
    assembly.set_head(assembly.get(world.north.id, issue.id), subject="Anders", preheader="")
    assert flow.get(world.north.id, approval.id).state == ApprovalState.VOID
    told = {n.user_id for n in Notice.select().where(Notice.message.contains("approval is void"))}
    assert told == {world.editor.id, world.chief_editor.id}


# media


def test_media_of_a_guarded_folder_go_into_no_mail_before_they_are_approved(
    app: Flask, world: World, sign_in
) -> None:
    folder = library.make_folder(world.north.id, "Fotos")
    inside = library.make_folder(world.north.id, "Rathaus", folder.id)
    steps(world, MEDIA, folder_id=folder.id)
    asset = library.take(world.north.id, world.editor.id, "plan.pdf", b"%PDF-1.4\n%%EOF", inside.id).asset
    assert media.uncleared(world.north.id, [asset]) == {asset.id: asset}
    editor, chief = (sign_in(app.test_client(), p) for p in (world.editor, world.chief_editor))
    assert "Needs an approval" in editor.get(f"{HERE}/media/{asset.id}").text
    assert editor.post(f"{HERE}/media/{asset.id}/approval").status_code == 303
    assert editor.post(f"{HERE}/media/{asset.id}/approval").status_code == 409
    page = chief.get(f"{HERE}/approvals/{newest().id}")
    assert page.status_code == 200 and "plan.pdf" in page.text
    assert click(chief, newest()).status_code == 303
    assert not media.uncleared(world.north.id, [asset])
    assert (
        editor.post(f"{HERE}/media/{asset.id}", data={"title": "Plan", "alt": "", "credit": ""}).status_code
        == 303
    )
    assert newest().state == ApprovalState.VOID
    assert media.uncleared(world.north.id, [library.get(world.north.id, asset.id)])


# by address


@pytest.fixture
def asked(world: World) -> Approval:
    """A mailing whose second step belongs to the board, which has no account."""
    tenant_settings.change(world.north, {"approval_by_address": True})
    mailings.everybody(world)
    steps(world, CAMPAIGN, Step(), Step(addresses=(BOARD,)))
    draft = mailings.draft(world, mailings.issue(world))
    issue = assembly.get(world.north.id, draft.issue_id)
    clearance.ask(world.north, issue, draft, world.editor, mailings.BASE_URL)
    return newest()


def link() -> str:
    text = OutboxMail.select().where(OutboxMail.kind == "guest").order_by(OutboxMail.id.desc()).get().plain
    return next(word for word in text.split() if "/approve/" in word).removeprefix(mailings.BASE_URL)


def sent_code() -> str:
    mail = OutboxMail.select().where(OutboxMail.kind == "code").order_by(OutboxMail.id.desc()).get()
    assert mail.to_address == BOARD
    return mail.subject.rpartition(" ")[2]


def test_somebody_known_by_an_address_decides_with_link_and_code_and_sees_nothing_else(
    app: Flask, world: World, asked: Approval, sign_in, monkeypatch
) -> None:
    assert not OutboxMail.select().where(OutboxMail.kind == "guest").exists(), "the first step is not theirs"
    click(sign_in(app.test_client(), world.chief_editor), asked)
    guest = app.test_client()
    door = guest.get(link())
    assert door.status_code == 200 and asked.title not in door.text
    assert guest.get(f"{link()}/mail").status_code == 404
    assert (
        guest.post(link(), data={"decision": "approve", "fingerprint": asked.fingerprint}).status_code == 404
    )
    assert guest.post(f"{link()}/code").status_code == 200
    code = sent_code()
    wrong = "000000" if code != "000000" else "000001"
    assert guest.post(f"{link()}/enter", data={"code": wrong}).status_code == 422
    assert guest.post(f"{link()}/enter", data={"code": code}).status_code == 303
    page = guest.get(link())
    assert asked.title in page.text and "Neues für" in page.text and "/campaigns/" not in page.text
    with monkeypatch.context() as small:
        small.setattr(audience, "LIVE", 2)  # two people are many
        waiting = guest.get(link()).text
        assert "We are counting" in waiting and 'value="approve"' not in waiting
        follows = guest.get(link(), headers={"HX-Request": "true"}).text
        assert "4 people" in follows and 'value="approve"' in follows and "/campaigns/" not in follows
        assert 'value="approve"' in guest.get(f"{link()}?count=1").text
    assert "Leinebrücke" in guest.get(f"{link()}/mail").text
    for other in (f"{HERE}/approvals/{asked.id}", f"{HERE}/campaigns", "/account"):
        assert "/signin" in guest.get(other).headers.get("Location", "")
    assert app.test_client().get(f"{link()}/mail").status_code == 404, "another browser needs its own code"
    assert app.test_client().post(f"{link()}/enter", data={"code": code}).status_code == 422, (
        "a code counts once"
    )
    done = guest.post(link(), data={"decision": "approve", "fingerprint": asked.fingerprint})
    assert "Your decision is noted" in done.text
    assert Campaign.get().status == CampaignStatus.SCHEDULED
    entry = (
        AuditEntry.select()
        .where(AuditEntry.act == "approval.approved")
        .order_by(AuditEntry.number.desc())
        .get()
    )
    assert entry.user_id is None and entry.as_whom == f"address {BOARD}"
    assert guest.get(link()).status_code == 404, "what is over shows nothing"
    assert BOARD in sign_in(app.test_client(), world.editor).get(f"{HERE}/approvals/{asked.id}").text


def test_a_code_ends_after_five_tries_and_guests_need_the_setting(
    app: Flask, world: World, asked: Approval, sign_in
) -> None:
    click(sign_in(app.test_client(), world.chief_editor), asked)
    guest = app.test_client()
    guest.post(f"{link()}/code")
    code = sent_code()
    for _ in range(5):
        guest.post(f"{link()}/enter", data={"code": "x"})
    assert guest.post(f"{link()}/enter", data={"code": code}).status_code == 422
    assert guest.get(link()[:-3] + "xxx").status_code == 404
    tenant_settings.change(world.north, {"approval_by_address": False})
    assert guest.get(link()).status_code == 404
    assert ApprovalGuest.select().count() == 1


def test_a_step_by_address_is_not_for_people_with_an_account(
    app: Flask, world: World, asked: Approval, sign_in
) -> None:
    click(sign_in(app.test_client(), world.chief_editor), asked)
    assert click(sign_in(app.test_client(), world.administrator), asked).status_code == 403


# stand-ins, escalation, people to tell, drift


def ask(world: World) -> Approval:
    draft = mailings.draft(world, mailings.issue(world))
    issue = assembly.get(world.north.id, draft.issue_id)
    clearance.ask(world.north, issue, draft, world.editor, mailings.BASE_URL)
    return newest()


def test_a_stand_in_decides_in_the_place_of_who_is_away(app: Flask, world: World, sign_in) -> None:
    mailings.everybody(world)
    steps(world, CAMPAIGN, Step(world.roles["chief_editor"].id))
    approval, admin = ask(world), sign_in(app.test_client(), world.administrator)
    assert click(admin, approval).status_code == 403
    away = {"away_until": clock.now() + timedelta(days=2), "stand_in_id": world.administrator.id}
    User.update(away_from=clock.now() + timedelta(days=1), **away).where(
        User.id == world.chief_editor.id
    ).execute()
    assert click(admin, approval).status_code == 403, "not before it begins"
    User.update(away_from=None).where(User.id == world.chief_editor.id).execute()
    assert "in the place of Chief Editor" in admin.get(f"{HERE}/approvals/{approval.id}").text
    assert click(admin, approval).status_code == 303
    assert flow.votes(approval)[0].for_user_id == world.chief_editor.id
    assert AuditEntry.get(AuditEntry.act == "approval.approved").as_whom == f"for {world.chief_editor.id}"
    assert "standing in for Chief Editor" in admin.get(f"{HERE}/approvals/{approval.id}").text


def test_what_waits_too_long_is_reminded_again_and_again_and_goes_to_another_role(
    app: Flask, world: World, sign_in
) -> None:
    mailings.everybody(world)
    admin_role = world.roles["administrator"].id
    steps(world, CAMPAIGN, Step(world.roles["chief_editor"].id), escalate_h=2, up_h=8, up_role_id=admin_role)
    approval = ask(world)
    for count in (1, 2):
        Approval.update(escalate_at=clock.now() - timedelta(seconds=1)).where(
            Approval.id == approval.id
        ).execute()
        approving.sweep()
        approving.sweep()
        assert OutboxMail.select().where(OutboxMail.kind == "reminder").count() == count
    assert click(sign_in(app.test_client(), world.administrator), approval).status_code == 403
    Approval.update(up_at=clock.now() - timedelta(seconds=1)).where(Approval.id == approval.id).execute()
    approving.sweep()
    approving.sweep()
    mails = OutboxMail.select().where(
        OutboxMail.kind == "reminder", OutboxMail.to_address == world.administrator.email
    )
    assert mails.count() == 1
    assert click(sign_in(app.test_client(), world.administrator), approval).status_code == 303


def test_people_can_be_told_by_name_beside_a_role(world: World) -> None:
    mailings.everybody(world)
    steps(world, CAMPAIGN, Step(), told_ids=(world.auditor.id, world.south_editor.id))
    ask(world)
    told = {n.user_id for n in Notice.select().where(Notice.message.contains("is asked for"))}
    assert told == {world.auditor.id}, "nobody of another tenant hears of it"


def test_a_changed_segment_voids_the_approval_and_says_so(world: World, app: Flask, sign_in) -> None:
    mailings.everybody(world)
    query = {"all": True, "rules": [{"field": "person:first_name", "op": "is", "value": "Anna"}]}
    segment = saved.save(world.north.id, "Annas", query, [], world.editor.id)
    draft = mailings.draft(world, mailings.issue(world))
    planning.plan(draft, {"segment": segment.id, "lists": []})
    clearance.ask(
        world.north, assembly.get(world.north.id, draft.issue_id), draft, world.editor, mailings.BASE_URL
    )
    approval = newest()
    click(sign_in(app.test_client(), world.chief_editor), approval)
    approving.sweep()
    assert Campaign.get().status == CampaignStatus.SCHEDULED
    query["rules"][0]["value"] = "Bert"
    saved.save(world.north.id, "Annas", query, [], world.editor.id, segment)
    approving.sweep()
    assert flow.get(world.north.id, approval.id).state == ApprovalState.VOID
    assert Campaign.get().status == CampaignStatus.DRAFT
    assert "segment of this mailing was changed" in flow.get(world.north.id, approval.id).reason


def test_an_audience_far_from_what_was_approved_does_not_start(world: World, app: Flask, sign_in) -> None:
    mailings.everybody(world)
    approval = ask(world)
    click(sign_in(app.test_client(), world.chief_editor), approval)
    low, high = flow.band(approval.size)
    for number in range(high + 1 - approval.size):
        mailings.subscriber(world, f"Neu{number}")
    assert not starting.start_due()
    assert flow.get(world.north.id, approval.id).state == ApprovalState.VOID and low == 0
    assert Campaign.get().status == CampaignStatus.DRAFT
    assert listing.history(world.north.id, CAMPAIGN, Campaign.get().id)[0].reason.startswith(
        "The audience has changed"
    )


def test_an_audience_that_needs_a_further_step_by_now_does_not_start(
    world: World, app: Flask, sign_in
) -> None:
    mailings.everybody(world)
    size = 4
    steps(world, CAMPAIGN, Step(), Step(world.roles["administrator"].id, from_size=size + 1))
    approval = ask(world)
    assert approval.size <= size and len(approval.steps) == 1
    click(sign_in(app.test_client(), world.chief_editor), approval)
    for number in range(size + 1 - approval.size):
        mailings.subscriber(world, f"Neu{number}")
    assert not starting.start_due() and Campaign.get().status == CampaignStatus.DRAFT


def test_the_checks_of_a_request_are_a_page_and_a_fragment_while_it_waits(
    app: Flask, world: World, sign_in
) -> None:
    mailings.everybody(world)
    approval, chief = ask(world), sign_in(app.test_client(), world.chief_editor)
    url = f"{HERE}/approvals/{approval.id}/checks"
    assert url in chief.get(f"{HERE}/approvals/{approval.id}").text
    page, part = chief.get(url).text, chief.get(url, headers={"HX-Request": "true"}).text
    assert "checks passed" in page and "checks passed" in part and "<html" not in part
    click(chief, approval)
    assert chief.get(url).status_code == 404
