"""The order desk: somebody without the right to send asks, the office answers, the asker reads what became of it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatcher.housemail import wording
from dispatcher.jobs import notices
from domain import clock
from domain.accounts.models import User
from domain.audit.models import AuditEntry
from domain.campaigns import planning
from domain.campaigns.models import Campaign, CampaignStatus
from domain.errors import Conflict
from domain.issues import assembly
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from domain.notices.models import Notice, OutboxMail
from domain.orders import desk, listing, results, wishes
from domain.orders.models import MailingOrder
from domain.tenancy import territory
from portal.settings import Settings
from tests import mailings
from tests.world import World

WISH = {
    "title": "Gartenfest", "text": "Liebe Mitglieder,\n\nwir feiern [ab 14 Uhr].", "audience": "Alle mit Parzelle",
    "territory": "Kreis Nord", "wanted_on": "2031-05-09", "reason": "Jubiläum", "reference": "T-4711",
}  # fmt: skip
HERE = "/t/north/orders"


@pytest.fixture
def asker(app: Flask, world: World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.journalist)


@pytest.fixture
def office(app: Flask, world: World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.sender)


def told(user: User) -> list[str]:
    return [
        n.message % n.params for n in Notice.select().where(Notice.user_id == user.id).order_by(Notice.id)
    ]


def asked(asker: FlaskClient) -> MailingOrder:
    assert asker.post(HERE, data=WISH).status_code == 303
    return MailingOrder.select().order_by(MailingOrder.id.desc()).get()


def test_an_order_goes_back_and_forth_and_becomes_a_mailing(
    asker: FlaskClient, office: FlaskClient, world: World
) -> None:
    order = asked(asker)
    url = f"{HERE}/{order.id}"
    assert any("Gartenfest" in line for line in told(world.sender))
    page = office.get(url).text
    assert "Alle mit Parzelle" in page and "Kreis Nord" in page and "T-4711" in page
    assert office.post(f"{url}/decide", data={"decision": "accept", "version": 1}).status_code == 303
    empty = office.post(f"{url}/decide", data={"decision": "return", "version": 2})
    assert empty.status_code == 422 and "Say what is missing" in empty.text
    office.post(f"{url}/decide", data={"decision": "return", "version": 2, "remark": "Welcher Saal?"})
    assert "Welcher Saal?" in asker.get(url).text
    again = {**WISH, "text": "Im großen Saal.", "version": 3, "remark": "Der große"}
    assert asker.post(url, data=again).status_code == 303
    released = office.post(
        f"{url}/decide", data={"decision": "release", "version": 4, "type_id": world.types["city"].id}
    )
    assert released.status_code == 303
    order = MailingOrder.get_by_id(order.id)
    issue = assembly.get(world.north.id, order.issue_id)
    campaign = planning.get(world.north.id, order.campaign_id)
    assert (issue.name, issue.created_by_id) == ("Gartenfest", world.sender.id)
    assert [b.data["html"] for b in assembly.blocks(issue)][1] == "<p>Im großen Saal.</p>"
    assert campaign.status == CampaignStatus.DRAFT and campaign.send_at.year == 2031
    assert [s.act for s in listing.steps(order)] == ["asked", "accepted", "returned", "asked", "released"]
    assert len(told(world.journalist)) == 3, "accepted, returned, released"
    acts = [e.act for e in AuditEntry.select().where(AuditEntry.kind == "order").order_by(AuditEntry.number)]
    assert acts == ["order.asked", "order.accepted", "order.returned", "order.asked", "order.released"]
    page = asker.get(url).text
    assert "Der große" in page and "Welcher Saal?" in page, "the whole history stands on one page"


def test_the_asker_reads_what_became_of_it_once(asker: FlaskClient, world: World) -> None:
    order = asked(asker)
    kind = world.types["city"]
    campaign = desk.release(order, kind.id, world.sender, ("Nord", "news@nord.example", ""), "", 1)
    assert results.tell_results() == 0
    for number, state in enumerate((DeliveryState.SENT, DeliveryState.SENT, DeliveryState.SUPPRESSED), 1):
        reason = 1 if state == DeliveryState.SUPPRESSED else None
        Delivery.create(
            tenant_id=world.north.id, campaign_id=campaign.id, subscriber_id=number, state=state, reason=reason,
            address_key=f"{number}@x.example", domain="x.example", revision_id=1, queued_at=clock.epoch(),
        )  # fmt: skip
    Campaign.update(started_at=clock.now(), sent_at=clock.now(), status="finished").where(
        Campaign.id == campaign.id
    ).execute()
    assert results.tell_results() == 1 and results.tell_results() == 0
    assert "2 mails sent, 1 people left out" in told(world.journalist)[-1]
    assert "2 of 2" in asker.get(f"{HERE}/{order.id}").text
    User.update(notice_mail="now").where(User.id == world.journalist.id).execute()
    Notice.update(mail="now").where(Notice.letter == "order_result").execute()
    notices.send_now()
    mail = OutboxMail.get(OutboxMail.kind == "order_result")
    assert all(line in mail.plain for line in ("Sent: 2", "Left out: 1", "Refused: 0"))


def test_office_and_asker_get_mails_of_their_own_kind(
    asker: FlaskClient, world: World, settings: Settings
) -> None:
    wording.configure(settings.translations)
    User.update(notice_mail="now").execute()
    User.update(language="de").where(User.id == world.sender.id).execute()
    order = asked(asker)
    notices.send_now()
    to_office = OutboxMail.get(OutboxMail.kind == "order_office", OutboxMail.to_address == world.sender.email)
    assert to_office.subject == "Auftrag wartet: Gartenfest"
    assert "Grund: " in to_office.plain and "Bemerkung" not in to_office.plain, "nothing stands there empty"
    assert f"/t/north/orders/{order.id}" in to_office.plain
    desk.send_back(
        listing.get(world.north.id, order.id, world.sender, True), world.sender, "Welcher Saal?", 1
    )
    notices.send_now()
    mail = OutboxMail.get(OutboxMail.kind == "order_step")
    assert mail.to_address == world.journalist.email and "Remark: Welcher Saal?" in mail.plain


def test_nobody_reads_the_orders_of_others_without_the_right(
    app: Flask, asker: FlaskClient, world: World, sign_in
) -> None:
    order = asked(asker)
    other = sign_in(app.test_client(), world.subscriber_manager)
    assert other.get(f"{HERE}/{order.id}").status_code == 404
    assert "Gartenfest" not in other.get(HERE).text
    assert other.post(f"{HERE}/{order.id}/decide", data={"decision": "accept"}).status_code == 403
    auditor = sign_in(app.test_client(), world.auditor)
    assert "Gartenfest" in auditor.get(HERE).text
    assert auditor.post(HERE, data=WISH).status_code == 403
    south = sign_in(app.test_client(), world.south_administrator)
    assert south.get(f"/t/south/orders/{order.id}").status_code == 404


def test_of_two_clicks_one_counts(asker: FlaskClient, world: World) -> None:
    order = asked(asker)
    seen = listing.get(world.north.id, order.id, world.sender, True)
    desk.accept(seen, world.sender, "", 1)
    with pytest.raises(Conflict):
        desk.send_back(listing.get(world.north.id, order.id, world.sender, True), world.sender, "nein", 1)
    with pytest.raises(Conflict):
        desk.release(order, world.types["city"].id, world.sender, ("Nord", "news@nord.example", ""), "", 1)
    assert Campaign.select().count() == 0, "what was refused leaves no issue behind"


def test_what_is_missing_is_said_and_what_was_typed_stays(asker: FlaskClient) -> None:
    answer = asker.post(HERE, data={**WISH, "text": "", "wanted_on": "2001-01-01"})
    assert answer.status_code == 422
    assert "Write what the mail should say" in answer.text and "This day has passed" in answer.text
    assert "Alle mit Parzelle" in answer.text and MailingOrder.select().count() == 0


def test_brackets_of_an_asker_are_text(asker: FlaskClient, world: World) -> None:
    from dispatcher.rendering import render

    order = asked(asker)
    mailings.verified(world)
    campaign = desk.release(
        order, world.types["city"].id, world.sender, ("Nord", "news@nord.example", ""), "", 1
    )
    issue = assembly.get(world.north.id, campaign.issue_id)
    rendered = render.render(world.north, issue, mailings.BASE_URL)
    assert "ab 14 Uhr" not in rendered.names and "[ab 14 Uhr]" in rendered.source.plain.replace("\\", "")


def test_an_order_for_a_territory_becomes_a_mailing_of_that_territory(
    asker: FlaskClient, office: FlaskClient, world: World
) -> None:
    north = territory.create(world.north.id, "Kreis Nord", None, world.administrator.id)
    assert "Kreis Nord" in asker.get(f"{HERE}/new").text
    assert asker.post(HERE, data={**WISH, "territory_id": 999_999}).status_code == 404
    assert asker.post(HERE, data={**WISH, "territory": "", "territory_id": north.id}).status_code == 303
    order = MailingOrder.get()
    assert "Kreis Nord" in office.get(f"{HERE}/{order.id}").text
    data = {"decision": "release", "version": 1, "type_id": world.types["city"].id}
    assert office.post(f"{HERE}/{order.id}/decide", data=data).status_code == 303
    campaign = planning.get(world.north.id, MailingOrder.get().campaign_id)
    assert campaign.territory_ids == [north.id], "it goes only to people there and below"
    second = desk.ask(
        world.north.id, wishes.Wish("B", "Text", "alle", "so", territory_id=north.id), world.journalist
    )
    territory.delete(world.north.id, north.id, world.administrator.id)
    refused = office.post(f"{HERE}/{second.id}/decide", data=data)
    assert refused.status_code == 409 and "gone or not yours" in refused.text
