"""The main job without a browser: a house is set up, people imported, an issue planned, approved by a second person
and sent, all over HTTP; then every mail in the catcher is held against two parsers and the ledger.

The tests send to a few hundred, `make prove-main-job` to ten thousand.
"""

import csv
import email
import email.policy
import hashlib
import html
import io
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import urlsplit

from dispatcher.message.compiled import read_return_path
from domain import tokens
from portal import settings
from tests import strict
from tests.journeys.houses import House
from tests.walk import WAIT_S, Page, Walker

PASSWORD = "ein langer Satz für die Probe"
TENANT = "/t/verlag-probe"
EDITOR, CHIEF = "katrin@probe.example", "sabine@probe.example"
SENT = 3  # DeliveryState.SENT, as a number: what stands in the row is checked, not what our enum says
FIRST = (
    "Jörg", "Łukasz", "O’Brien", "O'Neil", "Müller & Söhne", "<b>Eva</b>", "李娜", "Ülkü", "A=B", 'Zoë "Zo"', "=?x?=",
    "Vorname]", "50 %", ".punkt", "Anne-Marie, die Große", "A" * 60, "É" * 40, "👩‍💻 Kim",
)  # fmt: skip
LAST, CITIES = (
    ("Müller-Lüdenscheidt", "Kowalski", "von der Heide", "Ångström"),
    ("Köln", "Łódź", "Sankt Pölten"),
)


@dataclass(frozen=True)
class Reader:
    """Somebody of the imported file; every name is another."""

    address: str
    first: str
    last: str
    city: str


def readers(count: int) -> Iterator[Reader]:
    for n in range(count):
        first = f"{FIRST[n % len(FIRST)]} {n}"
        yield Reader(f"leser{n}@leserschaft.example", first, LAST[n % len(LAST)], CITIES[n % len(CITIES)])


def send(house: House, count: int, equip: Callable[[Walker], None] = lambda _administrator: None) -> int:
    """Walk the main job for `count` readers until the mailing is over; the id of the campaign.

    `equip` is what the administrator does besides, before anything is sent."""
    administrator = _set_up(house)
    for name, address, role in (
        ("Katrin Kern", EDITOR, "Redaktion"),
        ("Sabine Röhl", CHIEF, "Chefredaktion"),
    ):
        _invite(house, administrator, name, address, role)
    equip(administrator)
    _import(administrator, count)
    editor, chief = _signed_in(house, EDITOR), _signed_in(house, CHIEF)
    campaign_id = _plan(editor, count)
    _approve(chief, count)
    _until(chief, f"{TENANT}/campaigns/{campaign_id}", lambda page: "every 2s" not in page.text)
    return campaign_id


def _set_up(house: House) -> Walker:
    walker = Walker(house.url)
    walker.get("/setup")
    walker.send(
        "/setup", token=house.setup_token, tenant="Verlag Probe", name="Anna Albers", email="anna@probe.example",
        password=PASSWORD,
    )  # fmt: skip
    walker.get(f"{TENANT}/admin/tenant")
    imprint = "Verlag Probe GmbH\nDeichweg 1, 20457 Hamburg"
    walker.send("/admin/tenant", sender_address="post@probe.example", imprint=imprint)
    walker.get(f"{TENANT}/admin/senders")
    _fine(walker.send("/admin/senders", domain="probe.example"))
    _fine(walker.send("/vouch", reason="Von der IT bestätigt"))
    walker.get(f"{TENANT}/types/new")
    _fine(walker.send("/types", name="Probeblatt", slug="probeblatt", consent_text="Ich möchte es erhalten."))
    return walker


def _invite(house: House, administrator: Walker, name: str, address: str, role: str) -> None:
    page = administrator.get(f"{TENANT}/admin/people/new")
    label = next(
        x for x in page.tree.cssselect("label.form-check") if x.text_content().strip().startswith(role)
    )
    _fine(
        administrator.send(
            "/admin/people", name=name, email=address, roles=label.cssselect("input")[0].get("value")
        )
    )
    mail = _wait_for_mail(house, address)
    path = re.search(r"/welcome/[^\s>]+", mail)
    assert path
    invited = Walker(house.url)
    invited.get(path[0])
    _fine(invited.send(path[0], password=PASSWORD))


def _wait_for_mail(house: House, address: str) -> str:
    """The text part of the first mail to `address`."""
    for _ in range(WAIT_S * 10):
        for _sender, rcpt, raw in caught(house):
            if rcpt == address:
                message = email.message_from_bytes(raw, policy=email.policy.default)
                assert isinstance(message, EmailMessage)
                body = message.get_body(("plain",))
                return str(body.get_content()) if body else ""
        time.sleep(0.1)
    raise AssertionError(f"no mail to {address}")


def _signed_in(house: House, address: str) -> Walker:
    walker = Walker(house.url)
    walker.get("/signin")
    _fine(walker.send("/signin", email=address, password=PASSWORD))
    return walker


def _import(administrator: Walker, count: int) -> None:
    out = io.StringIO()
    rows = csv.writer(out, delimiter=";", lineterminator="\r\n")
    rows.writerow(["E-Mail", "Vorname", "Nachname", "Ort"])
    rows.writerows([reader.address, reader.first, reader.last, reader.city] for reader in readers(count))
    administrator.get(f"{TENANT}/subscribers/imports")
    page = _fine(administrator.send("/imports", file=("leser.csv", out.getvalue().encode())))
    kind = next(
        box
        for box in page.tree.cssselect("input[name=type_ids]")
        if "Probeblatt" in box.getparent().text_content()
    )
    _fine(
        administrator.send("/columns", type_ids=kind.get("value"), consent="proved", proof="Bögen im Archiv")
    )
    page = _fine(administrator.send("/run"))
    _until(administrator, page.url, lambda page: "every 2s" not in page.text)


def _plan(editor: Walker, count: int) -> int:
    """An issue whose subject and text differ for everybody; its campaign's id."""
    editor.get(f"{TENANT}/issues")
    page = _fine(editor.send("/issues"))
    issue = urlsplit(page.url).path
    editor.send(
        "/head", subject="[Vorname|Guten Tag], Ihre Brücke ist gesperrt", preheader="Ab Montag Umweg."
    )
    page = _fine(editor.send("/blocks", ("kind", "text")))
    block = re.findall(r'id="block-(\d+)" data-block', page.text)[-1]
    editor.get(f"{issue}?open={block}")
    text = "<p>Guten Tag [Vorname|Leserin] [Nachname|],</p><p>in [Ort|Ihrer Stadt] fährt die Linie 4 über den Ring.</p>"
    _fine(editor.send(f"/blocks/{block}", ("close", "1"), html=text))
    editor.get(f"{issue}/plan")
    _fine(editor.send("/plan", ("act", "save"), proved="y"))
    assert f"{count:,}".replace(",", ".") in editor.page.text, editor.page.said
    page = _fine(editor.send("/plan", ("act", "ask"), live="y"))
    found = re.search(r"/campaigns/(\d+)", page.url)
    assert found, page.said
    return int(found[1])


def _approve(chief: Walker, count: int) -> None:
    page = chief.get(f"{TENANT}/approvals")
    link = next(x for x in page.tree.cssselect("main a") if re.search(r"/approvals/\d+$", x.get("href", "")))
    page = chief.get(link.get("href"))
    typed = {"typed": str(count)} if 'name="typed"' in page.text else {}
    _fine(chief.send(urlsplit(page.url).path, ("decision", "approve"), **typed))


def _until(walker: Walker, path: str, is_over: Callable[[Page], bool]) -> Page:
    for _ in range(WAIT_S * 5):
        page = _fine(walker.get(path))
        if is_over(page):
            return page
        time.sleep(0.2)
    raise AssertionError(f"not over after {WAIT_S} s: {walker.page.said}")


def _fine(page: Page) -> Page:
    assert page.status == 200, f"{page.status} {page.url}: {page.said}"
    return page


def caught(house: House) -> list[tuple[str, str, bytes]]:
    """(envelope sender, envelope recipient, bytes) of all mails so far."""
    path = house.instance / "catcher.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=30)) as mails:
        try:
            return [
                (s, r, bytes(raw)) for s, r, raw in mails.execute("SELECT mail_from, rcpt_to, raw FROM mail")
            ]
        except sqlite3.OperationalError:
            return []  # the catcher has not made its table yet


def prove(
    house: House, campaign_id: int, count: int, arrived: list[tuple[str, str, bytes]] | None = None
) -> dict[str, int]:
    """Hold every mail against two parsers, its reader and its row; figures, all of which must be `count`.

    `arrived` as from `caught`, if the mails went elsewhere. Raises AssertionError with the first mail that is wrong."""
    tokens.configure(settings.load({"INSTANCE": str(house.instance)}).secret_key)
    wanted = {reader.address: reader for reader in readers(count)}
    arrived = caught(house) if arrived is None else arrived
    mails = {rcpt: (sender, raw) for sender, rcpt, raw in arrived if rcpt in wanted}
    copies = sum(rcpt in wanted for _sender, rcpt, _raw in arrived)
    ids: dict[str, str] = {}
    for address, (_sender, raw) in mails.items():
        ids[address] = _is_right(wanted[address], raw)
    rows = _rows(house, campaign_id)
    for row in rows:
        _agrees(row, *mails[row[1]], ids[row[1]])
    different = {hashlib.sha256(raw).digest() for _sender, raw in mails.values()}
    return {
        "mails": copies, "readers": len(mails), "different": len(different), "message_ids": len(set(ids.values())),
        "without_defects": len(ids), "ledger_rows": len(rows),
    }  # fmt: skip


def _is_right(reader: Reader, raw: bytes) -> str:
    """Both parsers read it, agree, and find this reader in it; its Message-ID."""
    found = strict.read(raw)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    bad = [defect for part in message.walk() for defect in part.defects]
    bad += [defect for value in message.values() for defect in value.defects]
    assert not bad, (reader, bad)
    subject = f"{reader.first}, Ihre Brücke ist gesperrt"
    assert str(message["subject"]) == found.fields["subject"] == subject, (
        subject,
        found.fields,
        message["subject"],
    )
    assert [a.addr_spec for a in message["to"].addresses] == [reader.address]
    for kind, unescape in (("plain", str), ("html", html.unescape)):
        body = message.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert text.splitlines() == found.parts[kind].splitlines(), (reader, text)
        said = " ".join(unescape(text).split())
        assert f"Guten Tag {reader.first} {reader.last}," in said, (reader, said[:600])
        assert f"in {reader.city} fährt" in said, (reader, said[:600])
    assert "<b>Eva" not in found.parts["html"], "a name became markup"
    return found.fields["message-id"]


def _rows(house: House, campaign_id: int) -> list[tuple[int, str, int, int, str, int]]:
    """(delivery id, address, state, reply code, reply, attempt), straight from the database file."""
    with closing(sqlite3.connect(house.instance / "portal.db", timeout=30)) as database:
        return database.execute(
            "SELECT d.id, p.address, d.state, d.reply_code, d.reply_text, d.attempt FROM delivery d"
            " JOIN delivery_payload p ON p.delivery_id = d.id WHERE d.campaign_id = ? ORDER BY d.id",
            [campaign_id],
        ).fetchall()


def _agrees(row: tuple[int, str, int, int, str, int], sender: str, raw: bytes, message_id: str) -> None:
    """Message-ID, return path and the token of List-Unsubscribe name this row; the reply is the catcher's."""
    delivery_id, _address, state, code, reply, attempt = row
    token = tokens.mail_token("mail", delivery_id)
    assert re.match(rf"<{delivery_id}\.[0-9a-f]{{20}}@", message_id), (row, message_id)
    local = sender.split("@")[0]
    assert read_return_path(local, lambda id: tokens.mail_token("mail", id)) == delivery_id, row
    link = re.search(rb"List-Unsubscribe: ?\r?\n? ?<([^>]+)>", raw)
    assert link and link[1].decode().split("/m/")[1].split("/")[0] == token, (row, link)
    assert (state, code, attempt) == (SENT, 250, 1), row
    assert reply, row
