"""What the mail catcher of a house holds, as the people read it."""

import email
import email.policy
import re
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from dispatcher import catcher
from tests.journeys.houses import House

WAIT_S = 60


class Inbox:
    """All mails of a house; addresses and subjects are looked for as parts."""

    def __init__(self, house: House) -> None:
        self._path: Path = house.instance / "catcher.db"

    def wait_for(self, address: str, subject: str = "", text: str = "") -> EmailMessage:
        """The newest mail to `address` with these words in subject and text; fails when none comes."""
        for _ in range(WAIT_S * 10):
            for line in catcher.list_mails(self._path, address) if self._path.exists() else []:
                message = self.message(line.id)
                if subject in str(message["subject"]) and text in text_of(message):
                    return message
            time.sleep(0.1)
        pytest.fail(f"no mail to {address} about {subject!r}")

    def message(self, mail_id: int) -> EmailMessage:
        found = catcher.get_mail(self._path, mail_id)
        assert found
        message = email.message_from_bytes(found[1], policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def about(self, subject: str) -> list[EmailMessage]:
        """The mails to readers about `subject`; test mails are none."""
        lines = catcher.list_mails(self._path, "", None, 100_000)
        return [
            self.message(line.id)
            for line in lines
            if subject in line.subject and "[Test]" not in line.subject
        ]


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body
    content = body.get_content()
    assert isinstance(content, str)
    return content


def link_in(message: EmailMessage, part: str) -> str:
    """The address in the text part that holds `part`."""
    found = re.search(rf"https?://\S*{part}\S*", text_of(message))
    assert found, text_of(message)
    return found[0].rstrip(".>)")


def link_out_of(message: EmailMessage) -> str:
    """The address of List-Unsubscribe."""
    found = re.search(r"<(https?://[^>]+)>", str(message["list-unsubscribe"]))
    assert found
    return found[1]
