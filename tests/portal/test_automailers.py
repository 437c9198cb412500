"""The pages of automailers: making one, activating it, who takes part, and who may do which of it."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from domain.accounts.models import RolePermission, User
from domain.accounts.permissions import Permission as P
from domain.audit.models import AuditEntry
from domain.automailers import series
from domain.automailers.models import Automailer, AutomailerState, AutomailerStep, Enrolment
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import connection
from domain.issues.models import Issue
from domain.subscribers.facets import tracks
from tests import mailings
from tests import series as made
from tests.statements import counted
from tests.world import World

HOME = "/t/north/automailers"
SignIn = Callable[[FlaskClient, User], FlaskClient]


@pytest.fixture
def chief(client: FlaskClient, world: World, sign_in: SignIn) -> FlaskClient:
    with connection():
        mailings.verified(world)
    return sign_in(client, world.chief_editor)


def test_a_draft_is_deleted_with_its_steps_and_nothing_else_can_be(chief: FlaskClient, world: World) -> None:
    for name in ("Versehen", "Bleibt"):
        chief.post(HOME, data={"name": name, "type_id": world.types["city"].id})
    with connection():
        draft, other = Automailer.select().order_by(Automailer.id)
        letter = made.letter(world, "Erster")
    for one in (draft, other):
        data = {"issue": letter.id, "days": 0, "hours": 0, "value": ""}
        assert chief.post(f"{HOME}/{one.id}/steps", data=data).status_code == 303
    page = f"{HOME}/{draft.id}"
    assert f"{page}/delete" in chief.get(page).text
    assert "Its step is deleted with it" in chief.get(f"{page}/delete").text
    with connection():
        assert Automailer.select().count() == 2, "asking deletes nothing"
    answer = chief.post(f"{page}/delete", follow_redirects=True)
    assert "The automailer is deleted." in answer.text and "Versehen" not in answer.text
    assert chief.get(page).status_code == chief.post(f"{page}/delete").status_code == 404
    with connection():
        assert [s.automailer_id for s in AutomailerStep.select()] == [other.id]
        assert Issue.select().where(Issue.id == letter.id).exists(), "the mail itself stays"
        entry = AuditEntry.get(AuditEntry.act == "automailer.delete")
        assert (entry.object_id, entry.details["name"]) == (draft.id, "Versehen")
        Automailer.update(state=AutomailerState.PAUSED).where(Automailer.id == other.id).execute()
    kept = f"{HOME}/{other.id}"
    assert f"{kept}/delete" not in chief.get(kept).text
    assert chief.get(f"{kept}/delete").status_code == chief.post(f"{kept}/delete").status_code == 409
    with connection():
        assert Automailer.get().id == other.id


def test_a_series_is_made_filled_ordered_and_activated(chief: FlaskClient, world: World) -> None:
    assert "No automailer yet" in chief.get(HOME).text
    kind = world.types["city"].id
    assert chief.post(HOME, data={"name": "", "type_id": kind}).status_code == 422
    assert chief.post(HOME, data={"name": "Willkommen", "type_id": kind}).status_code == 303
    with connection():
        automailer = Automailer.get()
        mails = [made.letter(world, "Erster"), made.letter(world, "Zweiter")]
    page = f"{HOME}/{automailer.id}"
    assert "Activate" not in chief.get(page).text
    refused = chief.post(f"{page}/steps", data={"issue": "", "days": "x", "hours": "0"})
    assert refused.status_code == 422 and "Choose the mail that this step sends." in refused.text
    for issue, days in ((mails[0], 0), (mails[1], 3)):
        answer = chief.post(f"{page}/steps", data={"issue": issue.id, "days": days, "hours": 0, "value": ""})
        assert answer.status_code == 303
    with connection():
        first, second = made.steps(automailer)
    chief.post(f"{page}/steps/{second.id}", data={"act": "up"})
    with connection():
        assert [s.issue_id for s in made.steps(automailer)] == [mails[1].id, mails[0].id]
        assert made.steps(automailer)[1].days == 1, "two mails never go at once"
    chief.post(
        f"{page}/steps/{first.id}", data={"issue": mails[0].id, "days": "2", "hours": "5", "value": ""}
    )
    assert "2 days and 5 hours" in chief.get(page).text
    chief.post(f"{page}/steps/{second.id}", data={"act": "remove"})
    answer = chief.post(f"{page}/activate", follow_redirects=True)
    assert "One mail still waits for its approval" in answer.text and "Pause" in answer.text
    with connection():
        assert Campaign.get().status == CampaignStatus.IN_APPROVAL
        assert AutomailerStep.select().count() == 1
    busy = chief.post(f"{page}/steps", data={"issue": mails[1].id, "days": 1, "hours": 0, "value": ""})
    assert busy.status_code == 409
    assert (
        "Willkommen" in chief.get(HOME).text and chief.get("/t/north/campaigns").text.count("Willkommen") == 0
    )
    chief.post(f"{page}/pause")
    assert "cannot be undone" in chief.get(f"{page}/end").text
    chief.post(f"{page}/end")
    with connection():
        assert Automailer.get().state == AutomailerState.ENDED


def test_start_and_window_are_checked_and_kept(chief: FlaskClient, world: World) -> None:
    with connection():
        automailer = made.drafted(world, (0, 0))
        tracks.save(world.north.id, "Akquise", ["neu", "Gespräch"], 1)
        value = next(v for _, found in tracks.every(world.north.id) for v in found)
    page = f"{HOME}/{automailer.id}"
    wrong = chief.post(page, data={"name": "W", "version": automailer.version, "start": "status", "from": "18:00",
                                   "until": "08:00"})  # fmt: skip
    assert wrong.status_code == 422
    for sentence in (
        "Choose at least one day",
        "must lie behind its beginning",
        "Choose the status by which",
    ):
        assert sentence in wrong.text
    fields = {
        "name": "W", "version": automailer.version, "start": "status", "start_holder": "organisation",
        "start_value": value.id, "weekday": ["0", "1", "2", "3", "4"], "from": "08:00", "until": "18:00",
    }  # fmt: skip
    assert chief.post(page, data=fields).status_code == 303
    shown = chief.get(page).text
    assert "Monday to Friday, 08:00 to 18:00" in shown and "Akquise: neu" in shown
    assert chief.post(page, data=fields).status_code == 409, "somebody else was faster"
    assert "checked" in chief.get(f"{page}/edit").text


def test_contacts_are_added_found_suspended_and_shown_on_their_records(
    chief: FlaskClient, world: World, sign_in: SignIn
) -> None:
    with connection():
        anna, bert = mailings.subscriber(world, "Anna"), mailings.subscriber(world, "Bert")
        automailer = made.activated(world, made.drafted(world, (1, 0)))
    page = f"{HOME}/{automailer.id}/enrolments"
    assert "Nobody is in the series yet." in chief.get(page).text
    wrong = chief.post(page, data={"source": "address", "address": "nobody@leser.example"})
    assert wrong.status_code == 422 and "nobody@leser.example" in wrong.text
    assert chief.post(page, data={"source": "address", "address": anna.address}).status_code == 303
    assert chief.post(page, data={"source": "address", "address": anna.address}).status_code == 422
    with connection():
        lists = mailings.DistributionList.get(mailings.DistributionList.tenant_id == world.north.id)
    answer = chief.post(page, data={"source": "list", "list": lists.id}, follow_redirects=True)
    assert "One contact was added." in answer.text and "Annasen" in answer.text
    found = chief.get(f"{page}?q=bert", headers={"HX-Request": "true"}).text
    assert "Bertsen" in found and "Annasen" not in found and "<html" not in found
    with connection():
        mine = made.place(automailer, anna)
    chief.post(f"{page}/{mine.id}", data={"act": "suspend"})
    assert "Annasen" in chief.get(f"{page}?state=suspended").text
    record = chief.get(f"/t/north/subscribers/{anna.id}").text
    assert "Willkommen" in record and "Suspended" in record
    answer = chief.post(f"{page}/{mine.id}", data={"act": "resume", "from": "record"})
    assert answer.location.endswith(f"/subscribers/{anna.id}#automailers")
    assert chief.post(f"{page}/{mine.id}", data={"act": "explode"}).status_code == 422
    with connection():
        assert {e.subscriber_id for e in Enrolment.select()} == {anna.id, bert.id}
    sign_in(chief, world.sender)
    hidden = chief.get(page).text
    assert "Annasen" not in hidden and f"Contact {anna.id}" in hidden
    assert chief.post(page, data={"source": "address", "address": anna.address}).status_code == 403


def test_sending_mailings_and_activating_a_series_are_two_rights(
    client: FlaskClient, world: World, sign_in: SignIn
) -> None:
    with connection():
        mailings.verified(world)
        automailer = made.drafted(world, (0, 0))
        RolePermission.delete().where(
            RolePermission.role == world.roles["sender"], RolePermission.permission == P.AUTOMAILER_ACTIVATE
        ).execute()
    page = f"{HOME}/{automailer.id}"
    sign_in(client, world.sender)
    assert client.post(f"{page}/activate").status_code == 403
    sign_in(client, world.editor)
    assert client.get(page).status_code == 200 and client.post(f"{page}/activate").status_code == 403
    assert "Add a step" not in client.get(page).text
    sign_in(client, world.subscriber_manager)
    assert client.post(f"{page}/activate").status_code == 303, "who may not send mailings activates a series"
    with connection():
        assert series.get(world.north.id, automailer.id).state == AutomailerState.ACTIVE
    sign_in(client, world.journalist)
    assert client.get(page).status_code == 404
    assert "/automailers" not in client.get("/t/north/").text


def test_pages_ask_at_most_a_dozen_questions(chief: FlaskClient, world: World) -> None:
    with connection():
        automailer = made.activated(world, made.drafted(world, (1, 0), (2, 0), (3, 0)))
        for number in range(5):
            made.enrolled(world, automailer, mailings.subscriber(world, f"Leser{number}"))
    page = f"{HOME}/{automailer.id}"
    for url in (HOME, page, f"{page}/enrolments"):
        assert chief.get(url).status_code == 200
        with counted() as asked:
            chief.get(url)
        assert len(asked) <= 12, (url, len(asked))
