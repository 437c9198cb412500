"""The mail to the person who started a campaign: when the last mail is out, and once more when it is closed."""

from domain.accounts.models import User
from domain.campaigns.models import Campaign
from domain.ledger import outbox as ledger
from domain.ledger.states import DeliveryState as D
from domain.notices import outbox
from domain.tenancy import tree

_public_url = ""

TEXTS = {
    "de": {
        "out": "„%(title)s“ ist draußen",
        "finished": "„%(title)s“ ist abgeschlossen",
        "body": (
            "Guten Tag, %(name)s,\n\n%(head)s.\n\nVersendet: %(sent)s\nAbgelehnt: %(failed)s\n"
            "Später erneut: %(later)s\nZurückgehalten: %(held)s\nAusgelassen: %(left_out)s\n\n"
            "%(more)sAlle Empfänger mit ihrem Stand:\n%(link)s\n"
        ),
        "later": "Für die Mails, die später erneut versucht werden, kommt eine zweite Nachricht.\n\n",
    },
    "en": {
        "out": "“%(title)s” is out",
        "finished": "“%(title)s” is finished",
        "body": (
            "Hello %(name)s,\n\n%(head)s.\n\nSent: %(sent)s\nRefused: %(failed)s\nTrying again: %(later)s\n"
            "On hold: %(held)s\nLeft out: %(left_out)s\n\n"
            "%(more)sEvery recipient with the state of the mail:\n%(link)s\n"
        ),
        "later": "A second message follows for the mails that are tried again.\n\n",
    },
}


def configure(public_url: str) -> None:
    """Where signing in leads; the link in the mail stands below it."""
    global _public_url
    _public_url = public_url.rstrip("/")


def public_url() -> str:
    """Where signing in leads, without a slash at the end."""
    return _public_url


def tell(campaign: Campaign) -> None:
    """Queue the mail, in the transaction of the change it tells about; the sweep of system mails sends it."""
    user = User.get_or_none(User.id == (campaign.started_by_id or campaign.created_by_id))
    if user is None or not user.active:
        return
    texts = TEXTS.get(user.language, TEXTS["en"])
    counts = ledger.counts(campaign.tenant_id, campaign.id)
    closed = campaign.finished_at is not None
    head = texts["finished" if closed else "out"] % {"title": campaign.name}
    tenant = tree.get(campaign.tenant_id)
    values = {
        "name": user.name, "head": head, "sent": counts.get(D.SENT, 0), "later": counts.get(D.DEFERRED, 0),
        "failed": counts.get(D.FAILED, 0) + counts.get(D.EXPIRED, 0), "held": counts.get(D.HELD, 0),
        "left_out": counts.get(D.SUPPRESSED, 0), "more": "" if closed else texts["later"],
        "link": f"{_public_url}/t/{tenant.slug}/campaigns/{campaign.id}",
    }  # fmt: skip
    outbox.queue(
        "completion", tenant_id=tenant.id, to_address=user.email, to_name=user.name, subject=head,
        plain=texts["body"] % values,
    )  # fmt: skip
