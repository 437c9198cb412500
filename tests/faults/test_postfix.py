"""The product's own way through a real Postfix: relay page, test button, mailing, and what has arrived."""

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests import main_job
from tests.faults import postfix
from tests.journeys.houses import House, running
from tests.walk import WAIT_S, Walker

PEOPLE = 30
RELAYS = f"{main_job.TENANT}/admin/relays"


@pytest.mark.timeout(300)
def test_a_mailing_leaves_through_a_real_postfix_with_starttls_and_auth(tmp_path: Path) -> None:
    with postfix.running() as server:
        trust = str(server.certificate)
        with running(tmp_path / "house", DEMO="0", SSL_CERT_FILE=trust) as house:
            campaign_id = main_job.send(house, PEOPLE, lambda administrator: set_up(administrator, server))
            arrived = server.arrived_for({reader.address for reader in main_job.readers(PEOPLE)})
            mails = [(mail.sender, mail.recipient, mail.raw) for mail in arrived]
            figures = main_job.prove(house, campaign_id, PEOPLE, mails)
            assert figures == dict.fromkeys(figures, PEOPLE)
            assert {mail.protocol for mail in arrived} == {"ESMTPSA"}  # encrypted, signed in
            assert queue_ids(house, campaign_id) == {mail.recipient: mail.queue_id for mail in arrived}


def set_up(administrator: Walker, server: postfix.Postfix) -> None:
    """Enter the server with a wrong password, which the test says in words, then with the right one."""
    administrator.get(f"{RELAYS}/new")
    administrator.send(
        RELAYS, name="Postfix", host="localhost", port=server.port, security="required", verify="y", private="y",
        username=postfix.USER, password="falsch",
    )  # fmt: skip
    said = tried(administrator)
    assert "Die Anmeldung am Server gelang nicht. Prüfen Sie Benutzername und Passwort." in said, said
    assert "535 5.7.8 Error: authentication failed" in said, said
    relay = administrator.page.url
    administrator.send(relay, password=postfix.PASSWORD)
    administrator.get(relay)
    administrator.send("/test")
    said = tried(administrator)
    for words in (
        "Über diesen Server können Mails gehen.",
        "STARTTLS, TLSv1.3",
        "gültig bis",
        "gelingt (PLAIN)",
    ):
        assert words in said, (words, said)


def tried(administrator: Walker) -> str:
    """What the card of the test says once it is over."""
    path = administrator.page.url
    for _ in range(WAIT_S * 5):
        page = administrator.get(path)
        assert page.status == 200, page.said
        if "every 1s" not in page.text:
            return " ".join(" ".join(page.tree.get_element_by_id("relay-test").itertext()).split())
        time.sleep(0.2)
    raise AssertionError(f"the test does not end: {administrator.page.said}")


def queue_ids(house: House, campaign_id: int) -> dict[str, str]:
    """Address → Postfix's queue id, as the ledger keeps it in the server's reply."""
    with closing(sqlite3.connect(house.instance / "portal.db", timeout=30)) as database:
        rows = database.execute(
            "SELECT p.address, d.reply_text FROM delivery d JOIN delivery_payload p ON p.delivery_id = d.id"
            " WHERE d.campaign_id = ?",
            [campaign_id],
        ).fetchall()
    found = {address: re.fullmatch(r"2\.0\.0 Ok: queued as (\w+)", reply) for address, reply in rows}
    return {address: match[1] for address, match in found.items() if match}
