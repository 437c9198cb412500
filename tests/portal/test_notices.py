"""The bell and its mails: read and unread, at once, once a day or never; the own absence."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from dispatcher.housemail import letterhead, wording
from dispatcher.jobs import notices
from domain import clock
from domain.accounts import absence
from domain.accounts.models import User
from domain.audit.models import AuditEntry
from domain.notices import bell
from domain.notices.models import Notice, OutboxMail
from portal.settings import Settings
from tests.world import World

SEEN = "%(name)s has approved “%(title)s”."
HERE = "/t/north/notices"


@pytest.fixture
def told(world: World, settings: Settings) -> World:
    """Three people who want their notices at once, once a day, and never; each has one."""
    letterhead.configure("https://rundbrief.example")
    wording.configure(settings.translations)
    for key, how in (("editor", "now"), ("chief_editor", "daily"), ("auditor", "off")):
        User.update(notice_mail=how).where(User.id == world.people[key].id).execute()
    people = [world.people[key].id for key in ("editor", "chief_editor", "auditor")]
    bell.tell(
        world.north.id, people, SEEN, {"name": "Ada", "title": "Nr. 47\r\nBcc: x@y.example"}, "campaigns/7"
    )
    return world


def mails(kind: str) -> list[OutboxMail]:
    return list(OutboxMail.select().where(OutboxMail.kind == kind))


def test_a_notice_goes_out_at_once_to_who_wants_it_so_and_only_once(told: World) -> None:
    notices.send_now()
    notices.send_now()
    (mail,) = mails("notice")
    assert mail.to_address == told.editor.email and "Ada has approved" in mail.subject
    assert "\n" not in mail.subject and "https://rundbrief.example/t/north/campaigns/7" in mail.plain


def test_a_mail_speaks_the_language_of_its_reader(told: World) -> None:
    User.update(language="de").where(User.id == told.editor.id).execute()
    notices.send_now()
    assert "Ada hat „Nr. 47" in mails("notice")[0].subject


def test_the_digest_holds_all_of_a_day_and_goes_once_in_the_morning(told: World) -> None:
    chief = told.chief_editor.id
    bell.tell(
        told.north.id, [chief], "“%(title)s” waits for your decision.", {"title": "Nr. 48"}, "approvals/8"
    )
    created = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
    Notice.update(created_at=created).where(Notice.user_id == chief).execute()
    assert not notices.send_digests(created + timedelta(hours=2)), "the same evening is too early"
    morning = datetime(2026, 3, 11, 6, 1, tzinfo=UTC)  # one past seven in Berlin
    assert notices.send_digests(morning - timedelta(minutes=2)) == 0
    assert notices.send_digests(morning) == 1
    assert notices.send_digests(morning) == 0
    (mail,) = mails("digest")
    assert mail.to_address == told.chief_editor.email and "2 notices" in mail.subject
    assert "approvals/8" in mail.plain and "campaigns/7" in mail.plain
    assert not mails("notice"), "the others have their own way"


def test_who_is_gone_gets_no_mail(told: World) -> None:
    User.update(active=False).where(User.id == told.editor.id).execute()
    notices.send_now()
    assert not mails("notice") and not bell.to_mail("now")


def test_notices_are_read_and_unread_one_by_one(client: FlaskClient, told: World, sign_in) -> None:
    sign_in(client, told.editor)
    notice = Notice.get(Notice.user_id == told.editor.id)
    other = Notice.get(Notice.user_id == told.auditor.id)
    assert "Nr. 47" in client.get(f"{HERE}?view=unread").text
    assert client.post(f"{HERE}/{notice.id}/open").headers["Location"] == "/t/north/campaigns/7"
    assert "Nothing unread." in client.get(f"{HERE}?view=unread").text
    assert client.post(f"{HERE}/{notice.id}", data={"read": "0", "view": "unread"}).status_code == 303
    assert bell.unread_count(told.north.id, told.editor.id) == 1
    client.post(f"{HERE}/{notice.id}", data={"read": "1"})
    assert bell.unread_count(told.north.id, told.editor.id) == 0
    for act in ("/open", ""):
        assert client.post(f"{HERE}/{other.id}{act}").status_code == 404, "notices of others do not exist"


def test_figures_in_a_notice_are_written_as_everywhere(client: FlaskClient, world: World, sign_in) -> None:
    text = "“%(title)s” is finished: %(sent)s sent, %(failed)s refused."
    bell.tell(world.north.id, [world.editor.id], text, {"title": "2026", "sent": 4026, "failed": 0}, "")
    assert "“2026” is finished: 4,026 sent, 0 refused." in sign_in(client, world.editor).get(HERE).text


def test_everybody_chooses_how_notices_come(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.editor)
    assert client.post("/account/notices", data={"how": "daily"}).status_code == 303
    assert User.get_by_id(world.editor.id).notice_mail == "daily"
    assert client.post("/account/notices", data={"how": "hourly"}).status_code == 404


def test_an_absence_has_an_end_and_a_stand_in_from_the_own_tenants(
    client: FlaskClient, world: World, sign_in
) -> None:
    sign_in(client, world.chief_editor)
    day = (clock.now() + timedelta(days=3)).date().isoformat()
    form = {"away_until": day, "stand_in": str(world.editor.id)}
    for wrong in (
        {"away_from": day}, {"away_until": "2001-01-01"}, {**form, "away_from": "2999-01-01"},
        {**form, "stand_in": str(world.south_editor.id)}, {**form, "stand_in": str(world.chief_editor.id)},
    ):  # fmt: skip
        assert client.post("/account/absence", data=wrong).status_code == 422
    assert "South Editor" not in client.get("/account").text
    assert client.post("/account/absence", data=form).status_code == 303
    chief = User.get_by_id(world.chief_editor.id)
    assert absence.is_away(chief) and absence.represented(world.editor) == [chief]
    assert "away now" in client.get("/account").text
    entry = AuditEntry.get(AuditEntry.act == "user.absence")
    assert entry.details["after"]["stand_in"] == world.editor.id
    assert client.post("/account/absence", data={}).status_code == 303
    assert not absence.represented(world.editor)
