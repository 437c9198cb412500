"""Customers, lists, own fields and the suppression list in the portal."""

import io
import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatcher.jobs import imports as jobs
from domain import clock
from domain.campaigns.models import Campaign
from domain.ledger.models import Delivery
from domain.subscribers import (
    automatic,
    directory,
    lists,
    organisations,
    robinson,
    robinsonfiles,
    suppression,
    sweeps,
)
from domain.subscribers.facets import fields
from domain.subscribers.models import DistributionList, Organisation
from tests.portal import readers
from tests.portal.conftest import HTMX
from tests.world import World

T = "/t/north"


@pytest.fixture
def manager(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.subscriber_manager)


def test_a_customer_is_made_found_locked_and_deleted(manager: FlaskClient, world: World) -> None:
    assert manager.post(f"{T}/organisations", data={"name": " "}).status_code == 422
    made = manager.post(
        f"{T}/organisations", data={"name": "Stadt Celle", "status": "A", "tags": "Kommune, Nord"}
    )
    path = made.location
    directory.create(world.north.id, {"address": "a@celle.example", "organisation": "Stadt Celle"})
    page = manager.get(f"{T}/organisations?q=stadt&status=A", headers=HTMX).text
    assert "Stadt Celle" in page and "<html" not in page
    assert "No customer with these filters" in manager.get(f"{T}/organisations?locked=y").text
    assert manager.post(f"{path}/lock", data={"reason": ""}).status_code == 422
    manager.post(f"{path}/lock", data={"reason": "Quarrel", "until": "2999-12-31"})
    record = manager.get(path).text
    assert "Quarrel" in record and "a@celle.example" in record and "Kommune" in record
    assert "Stadt Celle" in manager.get(f"{T}/organisations?locked=y").text
    manager.post(f"{path}/notes", data={"text": "Called <b>them</b>"})
    assert "Called &lt;b&gt;them" in manager.get(path).text
    assert "1 contact" in manager.get(f"{path}/delete").text
    manager.post(f"{path}/delete")
    assert manager.get(path).status_code == 404 and not Organisation.select().exists()


def test_a_customer_shows_each_mailing_once_with_its_contacts_and_filters_by_kind(
    manager: FlaskClient, world: World
) -> None:
    reader = readers.who_got_mail(world, "city", address="anna@leser.example")
    firm = organisations.save(world.north.id, {"name": "Stadt Celle"}, world.editor.id)
    directory.change(directory.get(world.north.id, reader.person.id), {"organisation": firm.name}, 1)
    path = f"{T}/organisations/{firm.id}"
    manager.post(f"{path}/notes", data={"text": "Ruft im Mai an"})
    mailing = Campaign.get_by_id(Delivery.get().campaign_id).name
    for kind, shows in (("", (True, True)), ("mailing", (True, False)), ("note", (False, True))):
        page = manager.get(path, query_string={"kind": kind}).text.partition('id="documents"')[2]
        assert ((mailing in page), ("Ruft im Mai an" in page)) == shows, kind
        assert (f"/subscribers/{reader.person.id}" in page) == shows[0]


def test_the_last_list_asks_where_to(manager: FlaskClient, world: World) -> None:
    person = directory.create(world.north.id, {"address": "a@celle.example"})
    default = lists.default(world.north.id)
    manager.post(f"{T}/subscribers/lists", data={"name": "Messe"})
    fair = DistributionList.get(DistributionList.name == "Messe")
    path = f"{T}/subscribers/lists/{default.id}/members/{person.id}/remove"
    assert "Where to?" in manager.get(path).text
    assert manager.post(path).location.endswith("/remove") and lists.of(person) == [default]
    manager.post(path, data={"to": fair.id})
    assert lists.of(person) == [fair]
    assert "a@celle.example" in manager.get(f"{T}/subscribers/lists/{fair.id}").text
    manager.post(f"{T}/subscribers/lists/{fair.id}/delete", data={"to": default.id})
    assert lists.of(person) == [default]
    assert (
        manager.post(f"{T}/subscribers/lists/{default.id}/delete", data={"to": default.id}).status_code == 409
    )
    unknown = manager.post(f"{T}/subscribers/lists/{default.id}/members", data={"address": "x@y.example"})
    assert unknown.status_code == 422 and "Nobody here has this address" in unknown.text


def test_own_fields_are_made_filled_and_shown(manager: FlaskClient, world: World) -> None:
    wrong = manager.post(f"{T}/fields", data={"name": "Farbe", "kind": "choice"})
    assert wrong.status_code == 422 and "Write the choices" in wrong.text and 'value="Farbe"' in wrong.text
    manager.post(f"{T}/fields", data={"name": "Farbe", "kind": "choice", "choices": "rot\nblau"})
    manager.post(f"{T}/fields", data={"name": "Mitglied seit", "kind": "date", "required": "y"})
    color, since = fields.every(world.north.id)
    data = {"address": "a@celle.example", f"own-{color.id}": "rot", f"own-{since.id}": "", "language": ""}
    empty = manager.post(f"{T}/subscribers", data=data)
    assert empty.status_code == 422 and "Mitglied seit must not be empty" in empty.text
    made = manager.post(
        f"{T}/subscribers", data={**data, f"own-{since.id}": "2020-05-01", "birthday": "3.4."}
    )
    assert made.status_code == 303
    page = manager.get(made.location).text
    assert "rot" in page and "1 May 2020" in page and "3\xa0April" in page
    assert (
        manager.post(
            f"{T}/subscribers", data={**data, "address": "b@x.example", "birthday": "31.2."}
        ).status_code
        == 422
    )


def test_a_domain_is_shown_before_it_is_suppressed(manager: FlaskClient, world: World) -> None:
    directory.create(world.north.id, {"address": "a@celle.example"})
    data = {"value": "@celle.example", "reason": "asked"}
    shown = manager.get(
        f"{T}/suppression/preview", query_string={"value": "@celle.example"}, headers=HTMX
    ).text
    assert "1 person" in shown and "a@celle.example" in shown
    first = manager.post(f"{T}/suppression", data=data)
    assert first.status_code == 200 and "I have looked" in first.text
    assert not suppression.is_suppressed(world.north.id, "a@celle.example")
    manager.post(f"{T}/suppression", data={**data, "sure": "y"})
    assert suppression.is_suppressed(world.north.id, "a@celle.example")
    page = manager.get(f"{T}/suppression?view=rules").text
    assert "celle.example" in page and "asked" in page
    assert manager.post(f"{T}/suppression", data={"value": "a b", "reason": "x"}).status_code == 422
    assert manager.post(f"{T}/suppression", data={"value": "a@b.example"}).status_code == 422


def test_a_preview_opened_on_its_own_is_the_page_of_the_list(manager: FlaskClient, world: World) -> None:
    directory.create(world.north.id, {"address": "a@celle.example"})
    url = f"{T}/suppression/preview?value=@celle.example"
    page = manager.get(url).text
    assert "<html" in page and "<h1>Suppression list</h1>" in page
    assert "hits 1 person here" in page and 'value="@celle.example"' in page, (
        "what was asked stands in the form"
    )
    assert "hits 1 person here" in manager.get(f"{url}&before=1&count=7").text, "counted from the beginning"
    unread = manager.get(f"{T}/suppression/preview?value=a b").text
    assert "<html" in unread and unread.count('id="value-e"') == 1
    assert "<html" not in manager.get(url, headers=HTMX).text


def test_a_preview_goes_on_by_itself_until_everybody_was_looked_at(
    manager: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(robinson, "LOOKED", 1)
    for address in ("a@celle.example", "b@celle.example"):
        directory.create(world.north.id, {"address": address})
    first = manager.get(f"{T}/suppression/preview?value=@celle.example", headers=HTMX).text
    assert "at least 1 person" in first and "b@celle.example" in first and "a@celle" not in first
    onward = unescape(re.findall(r'hx-get="([^"]+)"', first)[0])
    rest = manager.get(onward, headers=HTMX).text
    assert "hits 2 people here" in rest and "a@celle.example" in rest and "hx-get" not in rest


def test_a_long_list_is_taken_in_behind_the_page_and_says_how_far_it_is(
    manager: FlaskClient, world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory.create(world.north.id, {"address": "a@three.example"})
    monkeypatch.setattr(robinsonfiles, "AT_ONCE", 0)
    upload = (io.BytesIO(b"b@two.example\n@three.example\nwhat is this\n"), "list.txt")
    answer = manager.post(f"{T}/suppression/import", data={"file": upload, "reason": "List 2026"})
    page = manager.get(answer.location).text
    assert "0 of about 4 entries" in page and "every 2s" in page and "may still leave" in page
    assert answer.location in manager.get(f"{T}/suppression").text
    (waiting,) = robinsonfiles.due()
    jobs.suppress(waiting, app.config["SETTINGS"].instance)
    ended = manager.get(answer.location, headers=HTMX)
    assert ended.status_code == 286 and "what is this" in ended.text
    assert suppression.is_suppressed(world.north.id, "a@three.example")
    assert answer.location not in manager.get(f"{T}/suppression").text


def test_a_rule_of_a_large_house_holds_at_once_and_its_people_are_counted_behind_the_page(
    manager: FlaskClient, world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory.create(world.north.id, {"address": "a@three.example"})
    monkeypatch.setattr(sweeps, "AT_ONCE", 0)
    data = {"value": "@three.example", "reason": "asked by phone", "sure": "1"}
    manager.post(f"{T}/suppression", data=data)
    assert suppression.is_suppressed(world.north.id, "a@three.example")
    (waiting,) = robinsonfiles.due()
    path = f"{T}/suppression/files/{waiting}"
    assert path in manager.get(f"{T}/suppression?view=rules").text
    page = manager.get(path).text
    assert "The rule holds" in page and "every 2s" in page and "also none that waits already" in page
    assert manager.post(f"{T}/suppression", data=data).status_code == 422  # stands there
    jobs.suppress(waiting, app.config["SETTINGS"].instance)
    ended = manager.get(path, headers=HTMX)
    assert ended.status_code == 286 and re.search(r"People hit</dt><dd>1<", ended.text)
    assert suppression.entry(world.north.id, "a@three.example")
    assert path not in manager.get(f"{T}/suppression").text


def test_a_list_is_imported_and_an_entry_taken_off_with_a_reason(manager: FlaskClient, world: World) -> None:
    upload = (io.BytesIO(b"b@two.example\n@three.example\n"), "list.txt")
    manager.post(
        f"{T}/suppression/import", data={"file": upload, "reason": "List 2026", "import-until": "2099-12-31"}
    )
    entry = suppression.entry(world.north.id, "b@two.example")
    path = f"{T}/suppression/entries/{entry.id}/remove"
    assert "List 2026" in manager.get(path).text
    assert manager.post(path, data={"reason": ""}).status_code == 422
    manager.post(path, data={"reason": "wishes mail"})
    assert not suppression.is_suppressed(world.north.id, "b@two.example")
    assert "wishes mail" in manager.get(f"{T}/suppression?view=history").text
    assert "two.example" not in manager.get(f"{T}/suppression?q=two.ex").text


def test_the_proof_of_consent_names_every_step(manager: FlaskClient, world: World) -> None:
    person = directory.create(world.north.id, {"address": "a@celle.example"})
    data = {"type_id": world.types["city"].id, "consent": "proved", "proof": "Card, folder 7"}
    manager.post(f"{T}/subscribers/{person.id}/types", data=data)
    page = manager.get(f"{T}/subscribers/{person.id}/proof").text
    assert "Card, folder 7" in page and "Added by the house with proof" in page and "a@celle.example" in page


def test_foreign_customers_and_fields_are_missing(manager: FlaskClient, world: World) -> None:
    foreign = organisations.save(world.south.id, {"name": "Fremd"}, world.south_editor.id)
    field = fields.save(world.south.id, {"name": "Fremd"}, world.south_editor.id)
    for path in (f"organisations/{foreign.id}", f"organisations/{foreign.id}/edit", f"fields/{field.id}"):
        assert manager.get(f"{T}/{path}").status_code == 404
    assert manager.post(f"{T}/organisations/{foreign.id}/lock", data={"reason": "x"}).status_code == 404


def test_an_automatic_entry_names_rule_mailing_and_mail_on_every_page(
    manager: FlaskClient, world: World
) -> None:
    sent = readers.who_got_mail(world, "city", address="dead@leser.example").delivery
    cause = automatic.Cause(
        automatic.Rule.REFUSED, sent.campaign_id, sent.id, clock.epoch(), "550 5.1.1 user unknown"
    )
    assert automatic.stop(world.north.id, "dead@leser.example", cause)
    entry = suppression.entry(world.north.id, "dead@leser.example")
    assert entry is not None
    name = Campaign.get(Campaign.tenant_id == world.north.id, Campaign.id == sent.campaign_id).name
    for page in (
        "suppression", "suppression?view=history", f"suppression/entries/{entry.id}/remove",
        f"subscribers/{sent.subscriber_id}",
    ):  # fmt: skip
        text = manager.get(f"{T}/{page}").text
        assert "the mail server refused the address for good" in text and "550 5.1.1 user unknown" in text, (
            page
        )
        if "remove" not in page:
            assert name in text and f"mail no. {sent.id}" in text, page
    manager.post(f"{T}/suppression/entries/{entry.id}/remove", data={"reason": "open again"})
    assert "Reachable" in manager.get(f"{T}/subscribers/{sent.subscriber_id}").text
