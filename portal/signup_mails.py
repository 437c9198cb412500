"""The mails of a sign-up: the one that asks for the confirmation, and the welcome."""

from flask import g, render_template
from flask_babel import gettext as _

from dispatcher.housemail import letterhead
from domain.notices.models import OutboxMail
from domain.subscribers import signup
from domain.subscribers.models import NewsletterType, Subscriber
from portal import context, reading


def opt_in(wish: signup.OptIn) -> OutboxMail:
    """Neutral and without advertising: who did not sign up must be able to ignore it."""
    settings = context.effective_settings()
    link = reading.link_for_mails("public.confirm", tenant=g.tenant.slug, token=wish.token)
    only = wish.types[0] if len(wish.types) == 1 else None
    body = render_template(
        "public/optin.txt", person=wish.person, kinds=wish.types, link=link, imprint=settings["imprint"],
        tenant=g.tenant, days=signup.LINK_MAX_AGE_S // 86_400, text=only.opt_in_text.strip() if only else "",
    )  # fmt: skip
    return letterhead.queue(
        "optin",
        g.tenant,
        to_address=wish.person.address,
        subject=(only.opt_in_subject if only else "")
        or _("Please confirm your sign-up at %(name)s", name=g.tenant.name),
        plain=body,
        sender_name=(only.sender_name if only else "") or settings["sender_name"],
        sender_address=(only.sender_address if only else "") or settings["sender_address"],
    )


def welcome(person: Subscriber, kind: NewsletterType) -> OutboxMail:
    """The type's own words, once, to whoever has just confirmed it."""
    settings = context.effective_settings()
    body = render_template(
        "public/welcome.txt", kind=kind, tenant=g.tenant, imprint=settings["imprint"],
        data=reading.link_for_mails("own_data.ask", tenant=g.tenant.slug),
    )  # fmt: skip
    return letterhead.queue(
        "welcome",
        g.tenant,
        to_address=str(person.address),
        subject=kind.welcome_subject or _("Welcome to %(name)s", name=kind.name),
        plain=body,
        sender_name=kind.sender_name or settings["sender_name"],
        sender_address=kind.sender_address or settings["sender_address"],
    )
