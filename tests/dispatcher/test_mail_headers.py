"""Headers that bulk rules ask for, on the mails that the product itself makes (reliability.md M8, M11, M12)."""

import base64
import email
import email.policy
import re
from dataclasses import replace

import pytest

from dispatcher import clearance, trial
from dispatcher.engine import sysmail
from dispatcher.message.compiled import Compiled
from dispatcher.message.compose import HeaderRefused, compile_message
from dispatcher.rendering import render
from domain.campaigns import planning
from domain.issues.models import IssueRevision
from domain.notices import outbox
from domain.notices.models import OutboxMail
from tests import mailings
from tests import world as worlds
from tests.dispatcher.mailing import DATE, SOURCE

PERSONS = [
    (11, "anna@leser.example", "Anna Annasen", {"Vorname": "Anna"}, "tok-anna"),
    (12, "bert@leser.example", "Bert Bertsen", {"Vorname": "Bert"}, "tok-bert"),
]


@pytest.fixture
def world(database):
    made = worlds.build()
    mailings.everybody(made)
    return made


@pytest.fixture
def mails(world):
    """The frozen mail of a campaign as two people get it."""
    issue = mailings.issue(world)
    campaign = mailings.draft(world, issue)
    planning.plan(campaign, {"reply_to": "redaktion@nord.example"})
    clearance.ask(world.north, issue, campaign, world.editor, mailings.BASE_URL)
    revision = IssueRevision.get_by_id(planning.get(world.north.id, campaign.id).revision_id)
    compiled = Compiled.load(bytes(revision.compiled))
    return [parsed(compiled.render(person)) for person in PERSONS]


def parsed(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_one_click_unsubscribe_has_one_https_address_and_names_the_recipient(mails):
    for mail, person in zip(mails, PERSONS, strict=True):
        assert mail.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
        (header,) = mail.get_all("List-Unsubscribe")
        assert re.findall(r"<(https://[^>]+)>", header) == [f"{mailings.BASE_URL}/m/{person[4]}/unsubscribe"]


def test_list_headers_name_the_list_its_help_and_its_owner(mails):
    for mail in mails:
        assert mail["List-Id"] == "<city.north.nord.example>"
        assert mail["List-Help"] == f"<{mailings.BASE_URL}/n/north>"
        assert mail["List-Owner"] == "<mailto:redaktion@nord.example>"


def test_feedback_id_has_four_parts_and_says_nothing_about_people(mails, world):
    values = {mail["Feedback-ID"] for mail in mails}
    assert len(values) == 1
    parts = values.pop().split(":")
    assert len(parts) == 4 and all(parts) and len(set(parts)) == 4
    assert 5 <= len(parts[3]) <= 15 and parts[3].isalnum()
    assert parts[1:3] == [f"t{world.north.id}", f"n{world.types['city'].id}"]


def test_each_of_these_headers_stands_once(mails):
    for mail in mails:
        for name in (
            "From",
            "To",
            "Date",
            "Message-ID",
            "List-Id",
            "List-Unsubscribe",
            "List-Help",
            "Feedback-ID",
        ):
            assert len(mail.get_all(name)) == 1, name
        assert "Auto-Submitted" not in mail


def test_an_owner_that_no_header_can_hold_is_left_out(world):
    issue = mailings.issue(world)
    sender = render.Sender("Nord", "news@nord.example", "jürgen@nord.example")
    assert render.render(world.north, issue, mailings.BASE_URL, sender).source.list_owner is None
    odd = render.Sender("Nord", "news@nord.example", "o'neil+x@bücher.example")
    found = render.render(world.north, issue, mailings.BASE_URL, odd).source.list_owner
    assert found == "mailto:o%27neil%2Bx@xn--bcher-kva.example"


@pytest.mark.parametrize("name", ["List-Help", "list-owner", "Feedback-ID", "DKIM-Signature"])
def test_these_headers_cannot_be_set_twice_by_an_own_one(name):
    with pytest.raises(HeaderRefused):
        compile_message(replace(SOURCE, headers=((name, "x"),)), date=DATE, boundary_seed=b"1")


@pytest.mark.parametrize(
    "value", ["https://a.example/\r\nBcc: x", "javascript:alert(1)", "mailto:a b@c.example", "x"]
)
def test_list_help_is_an_address_or_nothing(value):
    with pytest.raises(HeaderRefused):
        compile_message(replace(SOURCE, list_help=value), date=DATE, boundary_seed=b"1")


@pytest.mark.parametrize("kind", ["optin", "reset", "completion", "domain", "relay_opened"])
def test_mails_of_the_house_say_that_a_machine_wrote_them_and_offer_no_unsubscribe(world, kind):
    row = outbox.queue(kind, tenant_id=world.north.id, to_address="a@x.example", subject="x", plain="y")
    mail = parsed(sysmail.build(row, "house@house.example", "house.example", 1.0).body)
    assert mail.get_all("Auto-Submitted") == ["auto-generated"]
    assert not [name for name in mail if name.lower().startswith("list-")]


def test_a_test_mail_says_that_a_machine_sent_it(world):
    mailings.verified(world)
    issue = mailings.issue(world)
    (row,) = trial.queue(world.north, issue, None, mailings.BASE_URL, ["me@nord.example"], [None])
    assert parsed(base64.b64decode(OutboxMail.get_by_id(row.id).raw))["Auto-Submitted"] == "auto-generated"
