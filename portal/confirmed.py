"""What readers are told whose sign-up is confirmed, and their preferences, whichever link brought them there."""

from datetime import datetime

from flask import Response, g, request

from dispatcher import webview
from domain.subscribers import addresses, optout
from domain.subscribers.consent import Trace
from domain.subscribers.models import NewsletterType, Subscriber
from portal import reading
from portal.forms.public import PreferencesForm


def page(person: Subscriber, since: list[tuple[NewsletterType, datetime]], preferences_url: str) -> Response:
    """The link was used before: since when, and the way to the preferences."""
    return reading.page(
        "public/confirmed.html",
        person=person,
        since=since,
        preferences=preferences_url,
        masked=addresses.masked,
    )


def form_of(person: Subscriber) -> PreferencesForm:
    """The form with what is known of the person."""
    form = PreferencesForm(formdata=None, first=person.first_name, last=person.last_name)
    form.language.data = person.language or str(g.language)
    return form


def choose(person: Subscriber, form: PreferencesForm, trace: Trace) -> None:
    """Take over what a valid form and the ticks beside it say."""
    wanted = {int(value) for value in request.form.getlist("type") if value.isdecimal()}
    kinds = [kind for kind, _row in optout.offered(person)]
    optout.choose(person, kinds, wanted, trace)
    optout.rename(person, form.first.data or "", form.last.data or "", form.language.data or "")


def preferences(
    person: Subscriber,
    form: PreferencesForm,
    action: str,
    status: int = 200,
    sent: webview.Sent | None = None,
) -> Response:
    """The page of preferences; `sent`: the mail whose link was followed, if it was one."""
    return reading.page(
        "public/preferences.html", status, person=person, sent=sent, form=form, action=action,
        offered=optout.offered(person), receives=optout.RECEIVES, masked=addresses.masked,
        saved=request.args.get("saved"),
    )  # fmt: skip
