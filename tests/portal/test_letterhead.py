"""System mails stand in the name of the tenant: its sender and logo, inherited where it has none of its own."""

import email
import email.policy

import pytest

from dispatcher.engine import sysmail
from dispatcher.housemail import letterhead
from domain.tenancy import settings
from domain.tenancy.models import Tenant
from mediadb import library
from tests import mailings, pictures
from tests.world import World

pytestmark = pytest.mark.usefixtures("app")


def written(tenant: Tenant, plain: str) -> email.message.EmailMessage:
    letterhead.configure(mailings.BASE_URL)
    row = letterhead.queue("invite", tenant, to_address="a@x.example", subject="Hello", plain=plain)
    built = sysmail.build(row, "house@house.example", "house.example", 1.0)
    mail = email.message_from_bytes(bytes(built.body), policy=email.policy.default)
    assert isinstance(mail, email.message.EmailMessage)
    return mail


def part(mail: email.message.EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_branch_writes_with_sender_and_logo_of_its_head_office(world: World) -> None:
    logo = library.upload(world.north.id, world.editor.id, "logo.png", pictures.plain())
    settings.change(world.north, {"logo_id": logo.id})
    Tenant.update(parent_id=world.north.id, settings={}, host="news.sued.example").where(
        Tenant.id == world.south.id
    ).execute()
    mailings.verified(world)
    mail = written(
        Tenant.get_by_id(world.south.id), "Hello,\n\nlook here:\nhttps://x.example/a?b=1&c=2.\n\n-- \nSüdpost"
    )
    assert "Verlag Nord" in str(mail["From"]) and mail["Auto-Submitted"] == "auto-generated"
    page = part(mail, "html")
    assert f"://news.sued.example/media/{logo.public_key}/" in page and 'alt="Südpost"' in page
    assert '<a href="https://x.example/a?b=1&amp;c=2"' in page and "look here:" in part(mail, "plain")


def test_a_mail_without_logo_names_the_tenant_and_is_never_markup_of_people(world: World) -> None:
    page = part(written(world.north, 'Hello <b>Eve</b> & https://x.example/"><script>'), "html")
    assert "Verlag Nord" in page and "&lt;b&gt;Eve" in page and "<script" not in page and "<img" not in page
