"""A relay's breaker opens or closes: the row, the log, and one mail to the people who can do something."""

from __future__ import annotations

import structlog

from domain.accounts import policy
from domain.accounts.models import User
from domain.accounts.permissions import Permission
from domain.campaigns import outages
from domain.db import database
from domain.notices import outbox
from domain.senders import breaker
from domain.senders.models import Relay
from domain.tenancy import tree

log = structlog.get_logger()
_public_url = ""

TEXTS = {
    "de": {
        "opened": "Mailserver „%(relay)s“ nimmt keine Mails an",
        "opened_body": (
            "Guten Tag, %(name)s,\n\nder Mailserver „%(relay)s“ (%(host)s) hat mehrmals hintereinander keine Mails "
            "angenommen. Zuletzt sagte er:\n\n%(reason)s\n\nMails, die ein anderer Server übernehmen kann, gehen "
            "weiter. Die übrigen warten, niemand geht verloren. Der Server wird in wachsenden Abständen wieder "
            "probiert.\n\nStand, Test und sofort wieder benutzen:\n%(link)s\n"
        ),
        "closed": "Mailserver „%(relay)s“ nimmt wieder Mails an",
        "closed_body": (
            "Guten Tag, %(name)s,\n\nder Mailserver „%(relay)s“ (%(host)s) nimmt wieder Mails an. Was auf ihn "
            "gewartet hat, geht jetzt hinaus.\n\n%(link)s\n"
        ),
    },
    "en": {
        "opened": "Mail server “%(relay)s” does not take mails",
        "opened_body": (
            "Hello %(name)s,\n\nthe mail server “%(relay)s” (%(host)s) has not taken mails several times in a row. "
            "Its last words were:\n\n%(reason)s\n\nMails that another server may take go on. The others wait, nobody "
            "is lost. The server is tried again at growing intervals.\n\nState, test and use it again at once:\n"
            "%(link)s\n"
        ),
        "closed": "Mail server “%(relay)s” takes mails again",
        "closed_body": (
            "Hello %(name)s,\n\nthe mail server “%(relay)s” (%(host)s) takes mails again. What waited for it goes "
            "out now.\n\n%(link)s\n"
        ),
    },
}  # fmt: skip


def configure(public_url: str) -> None:
    """Where signing in leads; the link in the mail stands below it."""
    global _public_url
    _public_url = public_url.rstrip("/")


def failed(relay_id: int, reason: str) -> None:
    """A relay has refused us once more."""
    with database.atomic():
        opened = breaker.failed(relay_id, reason)
        if opened is not None:
            log.warning("relay paused", relay=relay_id, reason=reason)
            _tell(opened, "opened", opened.open_reason)


def worked(relay_id: int) -> None:
    """A relay that had refused us has taken a mail."""
    with database.atomic():
        closed = breaker.worked(relay_id)
        if closed is not None:
            log.info("relay works again", relay=relay_id)
            outages.relay_is_back()
            _tell(closed, "closed", "")


def _tell(relay: Relay, what: str, reason: str) -> None:
    """Queue a mail to each administrator, in the transaction of the change."""
    tenant = tree.get(relay.tenant_id) if relay.tenant_id else None
    link = f"{_public_url}{f'/t/{tenant.slug}/admin' if tenant else '/house'}/relays/{relay.id}"
    for user in _administrators(relay.tenant_id):
        texts = TEXTS.get(user.language, TEXTS["en"])
        values = {
            "name": user.name, "relay": relay.name, "host": f"{relay.host}:{relay.port}", "reason": reason,
            "link": link,
        }  # fmt: skip
        outbox.queue(
            f"relay_{what}", tenant_id=None, to_address=user.email, to_name=user.name, subject=texts[what] % values,
            plain=texts[f"{what}_body"] % values,
        )  # fmt: skip


def _administrators(tenant_id: int | None) -> list[User]:
    if tenant_id is not None:
        return policy.people_with(Permission.RELAY_EDIT, tenant_id)
    return list(User.select().where(User.administers_house, User.active).order_by(User.id))
