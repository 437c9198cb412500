"""Approval in steps: two people, sizes, deadlines, revoking; fifty clicks make one approval and one mailing."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatcher import clearance
from dispatcher.engine import starting
from dispatcher.housemail import approving, letterhead
from domain import clock, db
from domain.accounts.models import Membership
from domain.approvals import flow, listing, setup
from domain.approvals.models import Approval, ApprovalState
from domain.approvals.setup import Step, Terms
from domain.audit.models import AuditEntry
from domain.campaigns import planning
from domain.campaigns.models import Campaign, CampaignStatus
from domain.ledger.models import Delivery
from domain.notices.models import Notice, OutboxMail
from domain.tenancy import settings as tenant_settings
from tests import mailings
from tests.world import World, person

HERE = "/t/north"


@pytest.fixture
def draft(world: World) -> Campaign:
    mailings.everybody(world)
    made = mailings.draft(world, mailings.issue(world))
    world.people["deputy"] = person("deputy", world.north, world.roles["chief_editor"])
    letterhead.configure(mailings.BASE_URL)
    return made


def ask(world: World, draft: Campaign) -> Approval:
    issue = planning.assembly.get(world.north.id, draft.issue_id)
    clearance.ask(world.north, issue, draft, world.editor, mailings.BASE_URL, "Bitte heute")
    return listing.history(world.north.id, planning.KIND, draft.id)[0]


def steps(world: World, *wanted: Step, **terms: int) -> None:
    setup.save(world.north.id, planning.KIND, Terms(**terms), wanted, world.administrator.id)


def click(client: FlaskClient, approval: Approval, decision: str = "approve", remark: str = ""):
    data = {"decision": decision, "fingerprint": approval.fingerprint, "remark": remark}
    return client.post(f"{HERE}/approvals/{approval.id}", data=data)


def status_of(draft: Campaign) -> str:
    return Campaign.get_by_id(draft.id).status


def test_two_steps_need_two_people(app: Flask, world: World, draft: Campaign, sign_in) -> None:
    steps(world, Step(world.roles["chief_editor"].id), Step(world.roles["administrator"].id))
    approval = ask(world, draft)
    chief, deputy = (sign_in(app.test_client(), world.people[n]) for n in ("chief_editor", "deputy"))
    admin = sign_in(app.test_client(), world.administrator)
    here = f"{HERE}/approvals/{approval.id}"
    assert (
        "Waiting for you" in chief.get(here).text and "Waiting for you" in chief.get(f"{HERE}/approvals").text
    )
    page = admin.get(here).text
    assert "This step belongs to people with another role." in page and 'value="approve"' not in page
    assert click(admin, approval).status_code == 403, "the first step belongs to another role"
    assert click(chief, approval).status_code == 303
    assert status_of(draft) == CampaignStatus.IN_APPROVAL and flow.get(world.north.id, approval.id).step == 2
    assert not flow.is_approved(world.north.id, planning.KIND, draft.id, approval.fingerprint)
    assert click(chief, approval).status_code == click(deputy, approval).status_code == 403
    page = chief.get(here).text
    assert "You have decided this already." in page and 'value="approve"' not in page
    assert "waits for your decision" in admin.get(f"{HERE}/notices").text
    assert click(admin, approval).status_code == 303
    assert status_of(draft) == CampaignStatus.SCHEDULED
    page = admin.get(f"{HERE}/approvals/{approval.id}").text
    assert "Chief Editor: Approved" in page and "Administrator: Approved" in page


def test_a_step_may_need_several_people_and_one_return_ends_it(
    app: Flask, world: World, draft: Campaign, sign_in
) -> None:
    steps(world, Step(needed=2))
    approval = ask(world, draft)
    assert click(sign_in(app.test_client(), world.chief_editor), approval).status_code == 303
    assert flow.get(world.north.id, approval.id).state == ApprovalState.OPEN
    deputy = sign_in(app.test_client(), world.deputy)
    assert click(deputy, approval, "return").status_code == 422, "a return needs its reason"
    assert click(deputy, approval, "return", "Falsches Datum").status_code == 303
    assert flow.get(world.north.id, approval.id).state == ApprovalState.RETURNED
    assert status_of(draft) == CampaignStatus.DRAFT


def test_the_size_decides_how_many_steps_there_are(world: World, draft: Campaign) -> None:
    steps(world, Step(), Step(world.roles["administrator"].id, from_size=3))
    assert len(ask(world, draft).steps) == 2
    planning.reopen(draft, planning.assembly.get(world.north.id, draft.issue_id), world.editor.id)
    steps(world, Step(), Step(world.roles["administrator"].id, from_size=10_000))
    assert len(ask(world, planning.get(world.north.id, draft.id)).steps) == 1


def test_a_small_mailing_needs_no_approval_and_is_cleared_for_exactly_this_version(
    world: World, draft: Campaign
) -> None:
    steps(world, Step(), free_below=100)
    approval = ask(world, draft)
    assert approval.state == ApprovalState.SKIPPED and status_of(draft) == CampaignStatus.SCHEDULED
    assert flow.is_approved(world.north.id, planning.KIND, draft.id, approval.fingerprint)
    assert not flow.is_approved(world.north.id, planning.KIND, draft.id, "another")
    assert not OutboxMail.select().where(OutboxMail.kind == "approval").exists()


def test_nobody_decides_after_the_deadline(app: Flask, world: World, draft: Campaign, sign_in) -> None:
    steps(world, Step(), deadline_h=4)
    approval = ask(world, draft)
    Approval.update(deadline_at=clock.now()).where(Approval.id == approval.id).execute()
    approval = flow.get(world.north.id, approval.id)
    assert click(sign_in(app.test_client(), world.chief_editor), approval).status_code == 409
    approving.sweep()
    assert flow.get(world.north.id, approval.id).state == ApprovalState.VOID
    assert status_of(draft) == CampaignStatus.DRAFT
    assert Notice.select().where(Notice.user_id == world.editor.id).exists()


def test_who_may_decide_is_told_and_reminded_once(world: World, draft: Campaign) -> None:
    world.deputy.notice_mail = "off"
    world.deputy.save()
    steps(world, Step(world.roles["chief_editor"].id), escalate_h=2, told_role_id=world.roles["auditor"].id)
    approval = ask(world, draft)
    mails = [m.to_address for m in OutboxMail.select().where(OutboxMail.kind == "approval")]
    assert mails == [world.chief_editor.email]
    told = {n.user_id for n in Notice.select()}
    assert told == {world.chief_editor.id, world.deputy.id, world.auditor.id}
    Approval.update(escalate_at=clock.now() - timedelta(seconds=1)).where(
        Approval.id == approval.id
    ).execute()
    approving.sweep()
    approving.sweep()
    assert Notice.select().where(Notice.user_id == world.chief_editor.id).count() == 2


def test_a_stand_in_is_told_while_somebody_is_away(world: World, draft: Campaign) -> None:
    steps(world, Step(world.roles["chief_editor"].id))
    for name in ("chief_editor", "deputy"):
        user = world.people[name]
        user.stand_in_id, user.away_until = world.administrator.id, clock.now() + timedelta(days=1)
        user.save()
    approval = ask(world, draft)
    assert world.administrator in approving.deciders(approval)


def test_the_link_of_the_mail_leads_there_after_signing_in(
    app: Flask, world: World, draft: Campaign, sign_in
) -> None:
    approval = ask(world, draft)
    text = OutboxMail.get(OutboxMail.kind == "approval").plain
    path = next(w for w in text.split() if "/approvals/by/" in w).removeprefix(mailings.BASE_URL)
    visitor = app.test_client()
    assert "/signin" in visitor.get(path).headers["Location"]
    sign_in(visitor, world.chief_editor)
    assert visitor.get(path).headers["Location"] == f"{HERE}/approvals/{approval.id}"
    assert visitor.get(path[:-3] + "xxx").status_code == 404
    stranger = sign_in(app.test_client(), world.south_administrator)
    assert stranger.get(path).status_code == 404
    assert stranger.get(path.replace("/t/north/", "/t/south/")).status_code == 404


def test_an_approval_can_be_revoked_until_it_begins(
    app: Flask, world: World, draft: Campaign, sign_in
) -> None:
    approval = ask(world, draft)
    chief = sign_in(app.test_client(), world.chief_editor)
    click(chief, approval)
    url = f"{HERE}/approvals/{approval.id}/revoke"
    assert chief.post(url, data={"remark": ""}).status_code == 422
    assert chief.post(url, data={"remark": "Zahl im zweiten Absatz stimmt nicht"}).status_code == 303
    assert status_of(draft) == CampaignStatus.DRAFT
    assert not flow.is_approved(world.north.id, planning.KIND, draft.id, approval.fingerprint)
    assert chief.post(url, data={"remark": "noch einmal"}).status_code == 409


def test_only_who_asked_takes_it_back(app: Flask, world: World, draft: Campaign, sign_in) -> None:
    approval = ask(world, draft)
    url = f"{HERE}/approvals/{approval.id}/withdraw"
    assert sign_in(app.test_client(), world.chief_editor).post(url).status_code == 403
    assert sign_in(app.test_client(), world.editor).post(url).status_code == 303
    assert flow.get(world.north.id, approval.id).state == ApprovalState.WITHDRAWN
    assert status_of(draft) == CampaignStatus.DRAFT


def test_the_steps_are_set_on_a_page(app: Flask, world: World, sign_in) -> None:
    admin, url = sign_in(app.test_client(), world.administrator), f"{HERE}/admin/approvals"
    chief = world.roles["chief_editor"].id
    data = {"role": [chief, ""], "needed": ["2", ""], "from_size": ["1.000", ""], "deadline_h": "48"}
    assert admin.post(url, data=data).status_code == 303
    assert setup.of(world.north.id, planning.KIND) == (Terms(deadline_h=48), [Step(chief, 2, 1000)])
    assert admin.post(url, data={**data, "needed": ["0", ""]}).status_code == 422
    assert admin.post(url, data={**data, "role": ["999999", ""]}).status_code == 404
    assert 'value="48"' in admin.get(url).text
    editor = sign_in(app.test_client(), world.editor)
    assert editor.post(url, data=data).status_code == 403


def test_fifty_clicks_on_send_make_one_mailing(app: Flask, world: World, draft: Campaign, sign_in) -> None:
    tenant_settings.change(world.north, {"approval_self": True})
    chiefs = [sign_in(app.test_client(), world.chief_editor) for _ in range(50)]
    form = {
        "sender_name": "Verlag Nord", "sender_address": "news@nord.example", "when": "now", "act": "send",
        "whom": "all", "live": "y",
    }  # fmt: skip
    answers = together(
        [lambda c=c: c.post(f"{HERE}/issues/{draft.issue_id}/plan", data=form).status_code for c in chiefs]
    )
    assert answers[303] == 1 and set(answers) <= {303, 409}
    assert [(c.id, c.status) for c in Campaign.select()] == [(draft.id, CampaignStatus.SCHEDULED)]
    assert Approval.select().where(Approval.tenant_id == world.north.id).count() == 1


def test_fifty_clicks_make_one_approval_and_one_mailing(
    app: Flask, world: World, draft: Campaign, sign_in
) -> None:
    """All click at the same moment: ask, approve, and the dispatchers that start what is due."""
    people = [person(f"chief_{n}", world.north, world.roles["chief_editor"]) for n in range(10)]
    membership = Membership.tenant_id == world.north.id
    assert Membership.select().where(membership).count() > 10
    editors = [sign_in(app.test_client(), world.editor) for _ in range(50)]
    plan = f"{HERE}/issues/{draft.issue_id}/plan"
    form = {
        "sender_name": "Verlag Nord", "sender_address": "news@nord.example", "when": "now", "act": "ask",
        "recipients": "all", "time": "now", "live": "y",
    }  # fmt: skip
    together([lambda c=c: c.post(plan, data=form).status_code for c in editors])
    (approval,) = Approval.select().where(Approval.tenant_id == world.north.id)
    chiefs = [sign_in(app.test_client(), people[n % 10]) for n in range(50)]
    answers = together([lambda c=c: click(c, approval).status_code for c in chiefs])
    assert answers[303] == 1 and set(answers) <= {303, 403, 409}
    approved = (AuditEntry.act == "approval.approved") & (AuditEntry.tenant_id == world.north.id)
    assert AuditEntry.select().where(approved).count() == 1
    together([starting.start_due for _ in range(10)])
    assert [c.id for c in Campaign.select()] == [draft.id]
    people_of_it = [d.subscriber_id for d in Delivery.select(Delivery.subscriber_id)]
    assert people_of_it and len(people_of_it) == len(set(people_of_it))


def together(acts: list) -> Counter:
    """Run `acts` in threads that begin at the same moment; how often each answer came."""
    gate, answers = threading.Barrier(len(acts)), []

    def run(act) -> None:
        gate.wait()
        with db.connection():
            answers.append(act())

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(acts)
    return Counter(answers)
