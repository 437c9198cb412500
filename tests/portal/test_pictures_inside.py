"""Pictures that travel in the mail: chosen on the page of attachments, sent over SMTP, shown on pages as before."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from dispatcher import clearance, preview
from dispatcher.preflight import run
from dispatcher.rendering import enclosing, render
from domain.issues import assembly, attachments, copies
from domain.issues.models import BlockKind, Issue
from domain.senders.models import Relay
from mediadb import library
from tests import mailings, pictures
from tests import world as worlds
from tests.dispatcher.sinks import Sink
from tests.dispatcher.test_deliver import until
from tests.portal.test_dispatcher_page import engine

HERE = "/t/north"


@pytest.fixture
def editor(client: FlaskClient, world: worlds.World, sign_in) -> FlaskClient:
    mailings.everybody(world)
    mailings.verified(world)
    return sign_in(client, world.editor)


@pytest.fixture
def issue(editor: FlaskClient, world: worlds.World) -> Issue:
    """With one picture of our media twice, and one that lies elsewhere."""
    made = mailings.issue(world)
    asset = library.upload(world.north.id, world.editor.id, "Saal.png", pictures.plain(640, 400))
    assembly.insert(made, [(BlockKind.PICTURE, {"asset_id": asset.id, "alt": "Der Saal"})] * 2)
    return fresh(made)


def fresh(issue: Issue) -> Issue:
    return assembly.get(issue.tenant_id, issue.id)


def carry(editor: FlaskClient, issue: Issue, inside: str = "y"):
    return editor.post(f"{HERE}/issues/{issue.id}/attachments/pictures", data={"inside": inside})


def test_chosen_pictures_travel_over_smtp_and_pages_show_them_from_the_media(
    editor: FlaskClient, issue: Issue, world: worlds.World, database: str, tmp_path: Path
) -> None:
    assert "1 picture," in editor.get(f"{HERE}/issues/{issue.id}/attachments").text
    assert carry(editor, issue).status_code == 303 and fresh(issue).pictures_inside
    assert "1 picture travels in the mail" in editor.get(f"{HERE}/issues/{issue.id}/preflight").text
    with Sink().running() as sink:
        Relay.create(name="Provider", host="127.0.0.1", port=sink.port, security="off")
        editor.post(f"{HERE}/issues/{issue.id}/tests", data={"own": "y", "person": "0"})
        with engine(database, tmp_path):
            until(lambda: sink.accepted)
    mail = email.message_from_bytes(sink.accepted[0][1], policy=email.policy.default)
    assert isinstance(mail, EmailMessage) and not mail.defects
    (related,) = [part for part in mail.walk() if part.get_content_type() == "multipart/related"]
    page, picture = related.iter_parts()
    shown = re.findall(r'<img[^>]*src="([^"]+)"', page.get_content())
    assert [url for url in shown if url.startswith("cid:")] == [f"cid:{picture['Content-ID'][1:-1]}"] * 2
    assert not any("/media/" in url for url in shown)
    assert picture.get_content().startswith((b"\x89PNG", b"\xff\xd8", b"RIFF"))
    html = preview.part(mail, "html")
    (address,) = set(re.findall(r'src="(/media/[^"]+)"', html))
    with editor.get(address) as served:
        assert "cid:" not in html and served.data == picture.get_content()


def test_the_choice_is_approved_with_the_mail_kept_by_copies_and_closed_with_the_issue(
    editor: FlaskClient, issue: Issue, world: worlds.World
) -> None:
    before, _ = clearance.issue_mark(world.north, issue, mailings.BASE_URL)
    carry(editor, issue)
    after, rendered = clearance.issue_mark(world.north, fresh(issue), mailings.BASE_URL)
    assert before != after and rendered.source.html.count("cid:") == 0
    assert rendered.weight_bytes > render.render(world.north, issue, mailings.BASE_URL).weight_bytes
    assert copies.copy(fresh(issue), world.editor.id, "Copy", "s").pictures_inside
    assert carry(editor, issue, "").status_code == 303 and not fresh(issue).pictures_inside
    Issue.update(state="in_review").where(Issue.id == issue.id).execute()
    assert carry(editor, issue).status_code in (409, 422) and not fresh(issue).pictures_inside


def test_too_heavy_a_mail_is_refused_before_approval(
    editor: FlaskClient, issue: Issue, world: worlds.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry(editor, issue)
    monkeypatch.setattr(attachments, "MAX_BYTES", 100)
    found, _, _ = run.look(world.north, fresh(issue), mailings.BASE_URL)
    assert any(f.error and "Leave the pictures outside" in f.message for f in found)


def test_only_what_we_carried_is_taken_for_a_picture_of_ours() -> None:
    foreign = '<img src="cid:logo@elsewhere"><img src="https://x.example/media/k/mail600">'
    assert enclosing.outside(foreign) == foreign and enclosing.pictures(foreign, "https://y.example") == ()
