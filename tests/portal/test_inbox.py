"""The reader of the mail catcher: only in demo houses, and people's HTML stays in its frame."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatcher import catcher
from portal.factory import create_app
from portal.settings import Settings
from tests.portal.conftest import HTMX
from tests.world import World


@pytest.fixture
def demo(settings: Settings, world: World) -> Flask:
    return create_app(replace(settings, demo=True))


@pytest.fixture
def reader(demo: Flask, world: World, sign_in) -> FlaskClient:
    return sign_in(demo.test_client(), world.editor)


def catch(settings: Settings, raw: bytes, to: str = "ada@leser.example") -> None:
    path = settings.instance / "catcher.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    catcher.count(path)  # makes the table
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO mail (at, mail_from, rcpt_to, subject, size_bytes, raw) VALUES (?, ?, ?, ?, ?, ?)",
            (1_700_000_000, "post@nord.example", to, catcher.subject_of(raw), len(raw), raw),
        )


def mail(subject: str) -> bytes:
    message = EmailMessage()
    message["Subject"], message["To"] = subject, "Ada <ada@leser.example>"
    message.set_content("Link: https://nord.example/confirm/x.\n<script>")
    message.add_alternative("<h1>Grüße</h1><script>alert(1)</script>", subtype="html")
    return message.as_bytes()


def test_outside_of_demo_houses_there_is_no_inbox(client: FlaskClient, world: World, sign_in) -> None:
    sign_in(client, world.administrator)
    assert client.get("/inbox").status_code == client.get("/inbox/1").status_code == 404


def test_an_empty_inbox_says_what_to_do(reader: FlaskClient) -> None:
    assert "No mail yet." in reader.get("/inbox").text
    assert reader.get("/inbox/1").status_code == 404


def test_mails_are_found_by_subject_and_recipient(reader: FlaskClient, settings: Settings) -> None:
    catch(settings, mail("Grüße aus dem Norden"))
    catch(settings, mail("Anderes"), "bob@leser.example")
    found = reader.get("/inbox?q=norden", headers=HTMX).text
    assert "Grüße aus dem Norden" in found and "Anderes" not in found and "<html" not in found
    assert "Anderes" in reader.get("/inbox?q=bob@").text


def test_many_mails_have_pages(reader: FlaskClient, settings: Settings) -> None:
    for number in range(52):
        catch(settings, mail(f"Mail {number:02}"))
    assert "Mail 51" in reader.get("/inbox").text and "before=3" in reader.get("/inbox").text
    assert "Mail 01" in reader.get("/inbox?before=3").text


def test_a_mail_shows_headers_text_and_html_in_its_own_frame(reader: FlaskClient, settings: Settings) -> None:
    catch(settings, mail("Hallo"))
    page = reader.get("/inbox/1").text
    assert (
        "Ada &lt;ada@leser.example&gt;" in page and "<script>alert" not in page and "&lt;script&gt;" in page
    )
    assert '<a href="https://nord.example/confirm/x" rel="noreferrer">' in page
    body = reader.get("/inbox/1/html")
    assert "Grüße" in body.text and body.headers["Content-Security-Policy"].startswith("sandbox ")
    assert "allow-scripts" not in body.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"no headers at all", b"Subject: x\r\nContent-Type: text/html; charset=klingon\r\n\r\n\xff\xfe<p>",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nbroken", b"Subject: =?utf-8?q?=FF?=\r\n\r\n\x00",
    ],
)  # fmt: skip
def test_broken_mails_are_shown_as_far_as_they_go(
    reader: FlaskClient, settings: Settings, raw: bytes
) -> None:
    catch(settings, raw)
    assert reader.get("/inbox").status_code == 200
    assert reader.get("/inbox/1").status_code == reader.get("/inbox/1/html").status_code == 200
