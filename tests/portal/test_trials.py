"""Test mails: to whom, with whose data, how many, and that nobody sends for real while test mode is on."""

import base64
import email
import email.policy

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.campaigns import planning, samples
from domain.campaigns.models import Campaign
from domain.issues import trials
from domain.issues.models import Issue, TrialPerson
from domain.notices.models import OutboxMail
from domain.subscribers import suppression
from tests import mailings
from tests import world as worlds

HERE = "/t/north"


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    mailings.everybody(world)
    mailings.verified(world)
    return mailings.issue(world)


@pytest.fixture
def editor(client: FlaskClient, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(client, world.editor)


@pytest.fixture
def chief(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.chief_editor)


def mails() -> list[tuple[str, str, str, str]]:
    """(address, subject, text, Message-ID) of what waits in the outbox."""
    found = []
    for row in OutboxMail.select().where(OutboxMail.kind == "test").order_by(OutboxMail.id):
        mail = email.message_from_bytes(base64.b64decode(row.raw), policy=email.policy.default)
        assert not mail.defects
        text = mail.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
        found.append((row.to_address, mail["subject"], text, mail["message-id"]))
    return found


def plan_values(**more: str) -> dict[str, str]:
    return {
        "whom": "all", "proved": "y", "sender_name": "Verlag Nord", "sender_address": "news@nord.example",
        "reply_to": "", "when": "now", **more,
    }  # fmt: skip


def test_every_address_gets_a_marked_mail_with_each_chosen_persons_data(
    chief: FlaskClient, world: worlds.World, issue: Issue
) -> None:
    campaign = planning.proposed(issue, world.editor.id, "N", "news@nord.example", "")
    anna, bert = (s.person for s in samples.of(campaign)[:2])
    data = {"own": "y", "named": "eins@agentur.example", "person": [anna.id, bert.id]}
    assert chief.post(f"{HERE}/issues/{issue.id}/tests", data=data).status_code == 303
    found = mails()
    assert [(to, subject) for to, subject, _text, _id in found] == [
        (world.chief_editor.email, "[Test] Neues für Anna"),
        ("eins@agentur.example", "[Test] Neues für Anna"),
        (world.chief_editor.email, "[Test] Neues für Bert"),
        ("eins@agentur.example", "[Test] Neues für Bert"),
    ]
    assert "Dear Ms Annasen" in found[0][2] and "Dear Ms Bertsen" in found[2][2]
    assert len({number for _to, _subject, _text, number in found}) == 4


def test_a_sixth_mail_is_refused_with_what_was_chosen_kept(editor: FlaskClient, issue: Issue) -> None:
    named = ", ".join(f"n{i}@agentur.example" for i in range(5))
    answer = editor.post(f"{HERE}/issues/{issue.id}/tests", data={"own": "y", "named": named, "person": "0"})
    assert answer.status_code == 422
    assert "at most 5" in answer.text and "n4@agentur.example" in answer.text
    assert not mails()


@pytest.mark.parametrize(
    ("named", "said"),
    [("", "Choose who gets the test mail"), ("nobody", "needs an @"), ("a@b.example\r\nx", "@")],
)
def test_a_test_to_nobody_or_to_no_address_is_refused(
    editor: FlaskClient, issue: Issue, named: str, said: str
) -> None:
    answer = editor.post(f"{HERE}/issues/{issue.id}/tests", data={"named": named, "person": "0"})
    assert answer.status_code == 422 and said in answer.text
    assert not mails()


def test_a_suppressed_address_gets_no_test_mail(
    editor: FlaskClient, world: worlds.World, issue: Issue
) -> None:
    suppression.add(world.north.id, "nie@agentur.example", "wish")
    answer = editor.post(f"{HERE}/issues/{issue.id}/tests", data={"named": "nie@agentur.example"})
    assert answer.status_code == 422 and "nie@agentur.example" in answer.text


def test_a_test_group_stands_for_its_persons(editor: FlaskClient, world: worlds.World, issue: Issue) -> None:
    for name, groups in (("Ada", "Büro, Outlook"), ("Ben", "Büro"), ("Cem", "")):
        data = {"name": name, "address": f"{name}@agentur.example", "groups": groups}
        assert editor.post(f"{HERE}/admin/test-people", data=data).status_code == 303
    assert "Outlook" in editor.get(f"{HERE}/issues/{issue.id}/tests").text
    assert editor.post(f"{HERE}/issues/{issue.id}/tests", data={"team": "Büro"}).status_code == 303
    assert [to for to, *_ in mails()] == ["Ada@agentur.example", "Ben@agentur.example"]


def test_wrong_and_double_test_persons_are_refused_beside_the_field(
    editor: FlaskClient, world: worlds.World
) -> None:
    made = trials.save(world.north.id, "Ada", "ada@agentur.example", "", world.editor.id)
    wrong = editor.post(f"{HERE}/admin/test-people", data={"name": "", "address": "x"})
    assert wrong.status_code == 422 and "needs a name" in wrong.text
    again = {"name": "Ada zwei", "address": "ADA@agentur.example"}
    assert editor.post(f"{HERE}/admin/test-people", data=again).status_code == 422
    assert editor.post(f"{HERE}/admin/test-people/{made.id}/remove").status_code == 303
    assert not TrialPerson.select().exists()


def test_people_who_may_not_see_recipients_send_with_the_sample_person_only(
    app: Flask, world: worlds.World, issue: Issue, sign_in
) -> None:
    from domain.accounts.models import Role, RolePermission

    role = Role.create(tenant_id=world.north.id, name="Tester")
    for right in ("issue.see", "issue.test"):
        RolePermission.create(role=role, permission=right)
    client = sign_in(app.test_client(), worlds.person("tester", world.north, role))
    page = client.get(f"{HERE}/issues/{issue.id}/tests")
    assert "Annasen" not in page.text and "sample person" in page.text
    anna = samples.of(planning.proposed(issue, 1, "N", "news@nord.example", ""))[0].person
    answer = client.post(f"{HERE}/issues/{issue.id}/tests", data={"own": "y", "person": anna.id})
    assert answer.status_code == 404 and not mails()


def test_asking_for_approval_and_sending_need_test_mode_switched_off(
    editor: FlaskClient, issue: Issue
) -> None:
    plan = f"{HERE}/issues/{issue.id}/plan"
    refused = editor.post(plan, data=plan_values(act="ask"))
    assert refused.status_code == 422 and "Test mode is on" in refused.text
    assert Campaign.get().test_mode and Campaign.get().status == "draft"
    assert editor.post(plan, data=plan_values(act="ask", live="y")).status_code == 303
    assert Campaign.get().status == "in_approval"


def test_a_refused_plan_can_be_sent_again_from_the_page_that_says_so(
    editor: FlaskClient, issue: Issue
) -> None:
    plan = f"{HERE}/issues/{issue.id}/plan"
    version = "1"
    refused = editor.post(plan, data=plan_values(act="ask", version=version)).text
    version = refused.split('name="version" value="')[1].split('"')[0]
    assert editor.post(plan, data=plan_values(act="ask", live="y", version=version)).status_code == 303


def test_who_approves_can_have_the_frozen_mail_sent_to_a_test_group(
    editor: FlaskClient, chief: FlaskClient, world: worlds.World, issue: Issue
) -> None:
    trials.save(world.north.id, "Ada", "ada@agentur.example", "Outlook", world.editor.id)
    editor.post(f"{HERE}/issues/{issue.id}/plan", data=plan_values(act="ask", live="y"))
    approval = Campaign.get().approval_id
    assert "Outlook" in chief.get(f"{HERE}/approvals/{approval}").text
    data = {"own": "y", "team": "Outlook"}
    assert chief.post(f"{HERE}/approvals/{approval}/tests", data=data).status_code == 303
    assert [(to, subject) for to, subject, *_ in mails()] == [
        (world.chief_editor.email, "[Test] Neues für Marlies"),
        ("ada@agentur.example", "[Test] Neues für Marlies"),
    ]


def test_samples_are_the_extremes_of_those_who_get_the_mail(world: worlds.World, issue: Issue) -> None:
    mailings.subscriber(world, "Maximiliane-Theodora-Henriette")
    nameless = mailings.subscriber(world, "Yves")
    nameless.first_name = nameless.last_name = nameless.salutation = ""
    nameless.save()
    campaign = planning.proposed(issue, world.editor.id, "N", "news@nord.example", "")
    found = {s.person.address: s.reason for s in samples.of(campaign, ["Vorname", "Ort"])}
    assert found["yves@leser.example"] == "nothing in [%(name)s]"
    assert found["maximiliane-theodora-henriette@leser.example"] == "longest name"
    assert "rita@leser.example" not in found, "who is signed off is no sample"
