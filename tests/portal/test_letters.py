"""Letters: written on one page, sent as one text with its attachments, refused like any mail."""

import base64
import email
import email.policy
import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html

from dispatcher import clearance, preview
from dispatcher.message.compose import Compiled
from dispatcher.rendering import authorship, changes
from domain import clock, tokens
from domain.approvals import listing
from domain.campaigns import planning
from domain.campaigns.models import Campaign
from domain.content.models import AssetUse
from domain.issues import assembly, attachments, copies, letters
from domain.issues.models import Issue, IssueRevision
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from domain.notices.models import OutboxMail
from domain.subscribers import consent, optout
from domain.subscribers.models import ConsentEvent, Subscriber
from mediadb import library
from tests import mailings, pictures
from tests import world as worlds

HERE = "/t/north"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture
def editor(client: FlaskClient, world: worlds.World, sign_in) -> FlaskClient:
    mailings.everybody(world)
    mailings.verified(world)
    return sign_in(client, world.editor)


@pytest.fixture
def letter(editor: FlaskClient, world: worlds.World) -> Issue:
    answer = editor.post(f"{HERE}/letters", data={"type_id": world.types["city"].id})
    assert answer.status_code == 303
    return letters.get(world.north.id, int(answer.location.rpartition("/")[2]))


def fresh(letter: Issue) -> Issue:
    return assembly.get(letter.tenant_id, letter.id)


def written(editor: FlaskClient, letter: Issue, **more: object):
    data = {
        "subject": "Ihre Mitgliedschaft, [Vorname|Guten Tag]", "preheader": "",
        "html": "<p>[Salutation|Hello],</p><p>die <strong>Versammlung</strong> ist am 3. März.</p>",
        "asset_id": "", "alt": "", "sender_name": "Vorstand", "sender_address": "vorstand@nord.example",
        "reply_to": "buero@nord.example", "version": fresh(letter).version, **more,
    }  # fmt: skip
    headers = {"X-Autosave": "1"} if more.get("quiet") else {}
    return editor.post(f"{HERE}/letters/{letter.id}", data=data, headers=headers)


def test_a_letter_is_written_with_its_own_sender_and_opens_from_the_list(
    editor: FlaskClient, letter: Issue
) -> None:
    assert written(editor, letter).status_code == 303
    page = editor.get(f"{HERE}/issues/{letter.id}", follow_redirects=True)
    assert "Versammlung" in page.text and 'value="vorstand@nord.example"' in page.text
    campaign = planning.of_issue(fresh(letter))
    assert campaign and (campaign.sender_name, campaign.reply_to) == ("Vorstand", "buero@nord.example")
    assert campaign.test_mode


def test_saving_while_typing_answers_the_new_version_and_refuses_an_old_one(
    editor: FlaskClient, letter: Issue
) -> None:
    answer = written(editor, letter, quiet=1)
    assert answer.status_code == 200 and answer.json["version"] == fresh(letter).version
    old = written(editor, letter, quiet=1, version=1)
    assert old.status_code == 409 and "Somebody else" in old.json["text"]


def test_what_is_wrong_stands_beside_the_field_and_nothing_is_saved(
    editor: FlaskClient, letter: Issue
) -> None:
    wrong = written(editor, letter, html="<p>[Vornahme]</p>", subject="Neu")
    assert wrong.status_code == 422 and "[Vornahme]" in wrong.text and 'value="Neu"' in wrong.text
    assert fresh(letter).subject == ""
    domain = written(editor, letter, sender_address="boss@elsewhere.example")
    assert domain.status_code == 422 and "no verified sender domain" in domain.text
    assert fresh(letter).subject == "", "all of it or nothing"


def test_the_mail_is_one_text_with_who_writes_below(
    editor: FlaskClient, letter: Issue, world: worlds.World
) -> None:
    written(editor, letter)
    mail = preview.message(world.north, fresh(letter), mailings.BASE_URL)
    page, plain = preview.part(mail, "html"), preview.part(mail, "plain")
    root = html.document_fromstring(page)
    assert not root.findall(".//h1") and "background" not in page
    assert "Dear Ms Brandt" in page and "Deichweg 1" in page
    assert any(a.get("href", "").endswith("/unsubscribe") for a in root.iter("a"))
    assert plain.startswith("Dear Ms Brandt,") and "Unsubscribe: " in plain and "Versammlung" in plain


def upload(editor: FlaskClient, letter: Issue, name: str, data: bytes):
    return editor.post(
        f"{HERE}/issues/{letter.id}/attachments", data={"file": (io.BytesIO(data), name)},
        content_type="multipart/form-data",
    )  # fmt: skip


def test_attachments_travel_with_test_and_frozen_mail_and_their_files_cannot_be_deleted(
    app: Flask, editor: FlaskClient, letter: Issue, world: worlds.World, sign_in
) -> None:
    chief = sign_in(app.test_client(), world.chief_editor)
    admin = sign_in(app.test_client(), world.administrator)
    written(editor, letter)
    asset = library.upload(world.north.id, world.editor.id, "Einladung März.pdf", PDF)
    added = editor.post(f"{HERE}/issues/{letter.id}/attachments", data={"asset_id": asset.id})
    assert added.status_code == 303
    assert AssetUse.select().where(AssetUse.kind == "attachment").count() == 1
    assert "Issue" in admin.get(f"{HERE}/media/{asset.id}").text
    editor.post(f"{HERE}/issues/{letter.id}/tests", data={"own": "y", "person": "0"})
    test = email.message_from_bytes(base64.b64decode(OutboxMail.get().raw), policy=email.policy.default)
    (file,) = test.iter_attachments()  # type: ignore[attr-defined]
    assert file.get_filename() == "Einladung März.pdf" and file.get_content() == PDF
    plan = {
        "whom": "all", "proved": "y", "sender_name": "Vorstand", "sender_address": "vorstand@nord.example",
        "when": "now", "act": "ask", "live": "y",
    }  # fmt: skip
    assert editor.post(f"{HERE}/issues/{letter.id}/plan", data=plan).status_code == 303
    revision = IssueRevision.get()
    assert revision.attachments == [["Einladung März.pdf", "application/pdf", len(PDF)]]
    raw = Compiled.load(bytes(revision.compiled)).render(
        (7, "a@x.example", "Anna", {"Vorname": "Anna"}, "tok")
    )
    frozen = email.message_from_bytes(raw, policy=email.policy.default)
    assert not frozen.defects and [f.get_content() for f in frozen.iter_attachments()] == [PDF]  # type: ignore[attr-defined]
    (approval,) = listing.open_requests(world.north.id)
    assert "Einladung März.pdf" in chief.get(f"{HERE}/approvals/{approval.id}").text
    late = editor.post(f"{HERE}/issues/{letter.id}/attachments/{asset.id}/remove")
    assert late.status_code == 409


def test_another_attachment_is_another_fingerprint(
    editor: FlaskClient, letter: Issue, world: worlds.World
) -> None:
    from dispatcher.rendering import render

    written(editor, letter)
    before = render.fingerprint(render.render(world.north, fresh(letter), mailings.BASE_URL))
    asset = library.upload(world.north.id, world.editor.id, "a.pdf", PDF)
    attachments.add(fresh(letter), asset.id, asset.size_bytes, 0)
    assert render.fingerprint(render.render(world.north, fresh(letter), mailings.BASE_URL)) != before


def test_files_that_are_too_large_too_many_or_foreign_are_refused(
    editor: FlaskClient, letter: Issue, world: worlds.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MAX_BYTES", 1_000)
    assert upload(editor, letter, "klein.pdf", PDF).status_code == 303
    big = upload(editor, letter, "gross.pdf", PDF + b"%" * 1_000)
    assert big.status_code == 422 and attachments.ids(fresh(letter)) != []
    assert AssetUse.select().count() == 1
    attachments.remove(fresh(letter), attachments.ids(fresh(letter))[0])
    foreign = library.upload(world.south.id, world.south_editor.id, "b.pdf", PDF)
    assert (
        editor.post(f"{HERE}/issues/{letter.id}/attachments", data={"asset_id": foreign.id}).status_code
        == 404
    )
    for n in range(attachments.MOST):
        attachments.add(fresh(letter), 1_000 + n, 10, 0)
    own = library.upload(world.north.id, world.editor.id, "c.pdf", PDF + b"c")
    refused = editor.post(f"{HERE}/issues/{letter.id}/attachments", data={"asset_id": own.id})
    assert refused.status_code == 422 and "At most 10 files" in refused.text


def test_a_picture_stands_below_the_text_and_needs_its_description(
    editor: FlaskClient, letter: Issue, world: worlds.World
) -> None:
    asset = library.upload(world.north.id, world.editor.id, "a.png", pictures.plain())
    assert written(editor, letter, asset_id=str(asset.id)).status_code == 303
    assert "has no description" in editor.get(f"{HERE}/letters/{letter.id}").text
    written(editor, letter, asset_id=str(asset.id), alt="Der Saal")
    mail = preview.message(world.north, fresh(letter), mailings.BASE_URL)
    assert 'alt="Der Saal"' in preview.part(mail, "html")


def test_letters_of_other_tenants_and_issues_of_blocks_are_no_letters(
    app: Flask, editor: FlaskClient, letter: Issue, world: worlds.World, sign_in
) -> None:
    south = sign_in(app.test_client(), world.south_administrator)
    assert south.get(f"/t/south/letters/{letter.id}").status_code == 404
    assert south.post(f"/t/south/letters/{letter.id}").status_code == 404
    assert south.get(f"/t/south/issues/{letter.id}/attachments").status_code == 404
    blocks = mailings.issue(world)
    assert editor.get(f"{HERE}/letters/{blocks.id}").status_code == 404
    assert Campaign.select().count() == 0


def test_a_copy_of_a_letter_is_a_letter_with_the_same_files(
    editor: FlaskClient, letter: Issue, world: worlds.World
) -> None:
    attachments.add(fresh(letter), 4711, 10, 0)
    made = copies.copy(fresh(letter), world.editor.id, "Kopie", "Kopie")
    assert letters.get(world.north.id, made.id) and attachments.ids(made) == [4711]


def test_no_mail_leaves_without_a_file_that_the_storage_has_lost(
    editor: FlaskClient, letter: Issue, world: worlds.World
) -> None:
    from mediadb import library, storage

    written(editor, letter)
    asset = library.upload(world.north.id, world.editor.id, "a.pdf", PDF)
    attachments.add(fresh(letter), asset.id, asset.size_bytes, 0)
    storage.path_of(asset.sha256).unlink()
    answer = editor.post(f"{HERE}/issues/{letter.id}/tests", data={"own": "y", "person": "0"})
    assert answer.status_code == 409 and "a.pdf" in answer.text
    assert not OutboxMail.select().exists()


def test_an_opt_in_mail_asks_with_a_page_of_its_own_and_a_bot_that_opens_it_changes_nothing(
    editor: FlaskClient, client: FlaskClient, world: worlds.World
) -> None:
    kind = world.types["city"]
    made = editor.post(f"{HERE}/letters", data={"type_id": kind.id, "kind": "opt_in"}).location
    letter = letters.get(world.north.id, int(made.rpartition("/")[2]))
    assert kind.consent_text in html.fromstring(editor.get(made).text).text_content()
    plan = editor.get(f"{HERE}/issues/{letter.id}/plan").text
    assert 'name="opt_in"' in plan and 'name="proved"' not in plan and "Has agreed already" in plan
    saved = {
        "whom": "all",
        "when": "now",
        "sender_name": "N",
        "sender_address": "n@nord.example",
        "version": "1",
    }
    assert editor.post(f"{HERE}/issues/{letter.id}/plan", data=saved | {"opt_in": "0"}).status_code == 422
    assert editor.post(f"{HERE}/issues/{letter.id}/plan", data=saved | {"opt_in": "14"}).status_code == 303
    campaign = planning.of_issue(letter)
    assert campaign.audience["opt_in"] == 14
    message = preview.message(world.north, letter, "https://x.example", None)
    for part in ("html", "plain"):
        text = " ".join(message.get_body((part,)).get_content().split())
        assert "/confirm" in text and "only asks whether you" in text and "is subscribed" not in text
    uta = Subscriber.get(Subscriber.first_name == "Uta")
    row = Delivery.create(
        tenant_id=world.north.id, campaign_id=campaign.id, subscriber_id=uta.id, address_key=uta.address_key,
        state=DeliveryState.SENT, queued_at=clock.epoch(), settled_at=clock.epoch(),
    )  # fmt: skip
    path = f"/m/{tokens.mail_token('mail', row.id)}/confirm"
    for _ in range(2):
        page = client.get(path)
        assert page.status_code == 200 and "<script" not in page.text and kind.consent_text in page.text
    assert consent.state(world.north.id, uta.id, kind.id) == "unknown" and not ConsentEvent.select().count()
    for _ in range(2):
        assert client.post(path).status_code == 200
    assert consent.state(world.north.id, uta.id, kind.id) == "confirmed"
    optout.unsubscribe(uta, kind, consent.NOWHERE)
    assert client.post(path).status_code == 410
    assert client.get(path[:-12] + "x/confirm").status_code == 404


def test_a_finding_of_a_letter_leads_to_its_field(
    editor: FlaskClient, world: worlds.World, letter: Issue
) -> None:
    asset = library.upload(world.north.id, world.editor.id, "rose.png", pictures.plain(40, 30))
    written(editor, letter, subject="", asset_id=asset.id)
    page = html.fromstring(editor.get(f"{HERE}/letters/{letter.id}").text)
    places = [url.rpartition("#")[2] for url in page.xpath("//details//li/a/@href") if "#" in url]
    assert set(places) >= {"f-subject", "h-pic"}
    assert all(page.xpath(f"//*[@id='{place}']") for place in places), places


def test_without_script_a_picture_of_a_letter_is_chosen_from_a_list(
    editor: FlaskClient, world: worlds.World, letter: Issue
) -> None:
    asset = library.upload(world.north.id, world.editor.id, "rose.png", pictures.plain(40, 30))
    page = html.fromstring(editor.get(f"{HERE}/letters/{letter.id}").text)
    assert str(asset.id) in page.xpath("//noscript//select[@name='asset_id']/option/@value")
    written(editor, letter, asset_id=[str(asset.id), ""], alt="Eine Rose")  # the list, then the hidden field
    assert letters.parts(fresh(letter))[1].data["asset_id"] == asset.id


def test_a_letter_becomes_another_text_for_the_same_people(editor: FlaskClient, letter: Issue) -> None:
    written(editor, letter)
    assert "once-more" in editor.get(f"{HERE}/letters/{letter.id}").text
    answer = editor.post(f"{HERE}/issues/{letter.id}/once-more", data={"way": "text"})
    made = letters.get(letter.tenant_id, int(answer.location.rpartition("/")[2]))
    campaign = planning.of_issue(made)
    assert campaign and (campaign.sender_name, made.subject) == ("Vorstand", "")


def test_the_findings_of_a_letter_are_read_again_after_each_save(editor: FlaskClient, letter: Issue) -> None:
    place = f"{HERE}/letters/{letter.id}"
    before = editor.get(place, headers={"HX-Request": "true"}).text
    assert "subject is missing" in before and "<html" not in before
    written(editor, letter)
    assert "subject is missing" not in editor.get(place, headers={"HX-Request": "true"}).text


def test_a_request_for_a_letter_says_who_changed_it_since_the_last_version(
    editor: FlaskClient, letter: Issue, world: worlds.World
) -> None:
    changed = "<p>[Salutation|Hello],</p><p>die Versammlung ist am 4. April.</p>"
    for words in ({}, {"html": changed}):
        written(editor, letter, **words)
        campaign = planning.of_issue(letter)
        assert campaign is not None
        campaign.test_mode = False
        campaign.save()
        clearance.ask(world.north, fresh(letter), campaign, world.editor, mailings.BASE_URL)
        planning.reopen(planning.get(world.north.id, campaign.id), fresh(letter), world.editor.id)
    old, new = (
        IssueRevision.select().where(IssueRevision.issue_id == letter.id).order_by(IssueRevision.number)
    )
    found = authorship.signed(changes.between(old, new), old, new)
    assert found and {change.by_id for change in found} == {world.editor.id}
