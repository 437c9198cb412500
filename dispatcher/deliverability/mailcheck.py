"""What our newest mail, its way and the complaints say about a sender domain, rule by rule, each with what to do."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from dispatcher.deliverability.domainfacts import (
    Facts,
    Record,
    Route,
    Sample,
    bad,
    good,
    unknown,
    without_address,
)
from domain.errors import N_
from domain.senders.findings import Finding, Findings

COMPLAINTS_GOOD, COMPLAINTS_MAX = 0.001, 0.003  # Gmail: below 0.1 %, never 0.3 %
_FEEDBACK_ID = re.compile(r"[^:\s]*:[^:\s]*:[^:\s]*:[^:\s]{5,15}")
DEAD_MAX = 0.05
_ONCE = ("from", "to", "subject", "date", "message-id")  # RFC 5322 3.6, and what large providers want besides
_LINE_MAX = 998
_MAILBOXES = re.compile(
    r"(g(oogle)?mail|yahoo|ymail|rocketmail|aol|outlook|hotmail|live|msn|icloud|gmx|web|t-online|freenet|proton(mail)?)"
    r"\.(com|net|de|at|ch|org|me|(co\.)?uk|fr|it|es)"
)
_WAY_OUT = re.compile(r"href=\"[^\"]*/unsubscribe")


def look(facts: Facts) -> Findings:
    """Finding per rule."""
    return {
        "own": _own(facts.domain.domain),
        "tls": _tls(facts.route),
        **_of_sample(facts.sample, facts.public_url),
        "withdrawal": _withdrawal(facts.record),
        "complaints": _complaints(facts.record),
        "hygiene": _hygiene(facts.record),
    }


def _own(name: str) -> Finding:
    """Providers take mails in the name of their own mailboxes for forgeries, wherever they come from."""
    if _MAILBOXES.fullmatch(name):
        text = N_(
            "%(domain)s belongs to a provider of mailboxes, who refuses such mails. Use a domain of your own."
        )
        return bad(text, domain=name)
    return good(N_("From names a domain of your own, not that of a provider of mailboxes."))


def _tls(route: Route) -> Finding:
    if route.catcher:
        return without_address(route)
    if route.security in ("required", "tls"):
        return good(N_("Mails reach %(host)s encrypted only."), host=route.host)
    if route.security == "opportunistic":
        return good(N_("Mails reach %(host)s encrypted if it offers that."), host=route.host)
    if route.host in ("localhost", "::1") or route.host.startswith("127."):
        return unknown(N_("Your own mail server on this machine sends on; see there that it uses TLS."))
    text = N_("Mails reach %(host)s without encryption. Switch it on in the settings of the mail server.")
    return bad(text, host=route.host)


def _of_sample(sample: Sample | None, public_url: str) -> Findings:
    if sample is None:
        later = unknown(N_("Known once the first mailing with this sender was submitted for approval."))
        return dict.fromkeys(("format", "one_click", "link", "list_id", "feedback_id"), later)
    return {
        "format": _format(sample),
        "one_click": _one_click(sample, public_url),
        "link": _link(sample),
        "list_id": _list_id(sample.headers.get("list-id", "")),
        "feedback_id": _feedback_id(sample.headers.get("feedback-id", "")),
    }


def _format(sample: Sample) -> Finding:
    """What providers refuse mails for: header fields that lack or stand twice, lines that no server takes."""
    wrong = [name.title() for name in _ONCE if sample.names.count(name) != 1]
    if wrong:
        text = N_("In the newest mailing, these header fields do not stand exactly once: %(names)s.")
        return bad(text, names=", ".join(wrong))
    if sample.longest > _LINE_MAX:
        return bad(
            N_("The newest mailing has a line of %(count)d characters; 998 are allowed."),
            count=sample.longest,
        )
    return good(
        N_("The newest mailing is written as the standard asks: every header field once, no line too long.")
    )


def _one_click(sample: Sample, public_url: str) -> Finding:
    header = sample.headers.get("list-unsubscribe", "")
    posts = sample.headers.get("list-unsubscribe-post", "") == "List-Unsubscribe=One-Click"
    if not posts or not re.search(r"<https?://", header):
        return bad(N_("The newest mailing cannot be unsubscribed from with one click."))
    if "<https://" not in header:
        text = N_(
            "One click works with https links only, and this house is at %(url)s. Set PUBLIC_URL to its https address."
        )
        return bad(text, url=f"http://{urlsplit(public_url).netloc}")
    return good(N_("The newest mailing can be unsubscribed from with one click."))


def _link(sample: Sample) -> Finding:
    if _WAY_OUT.search(sample.html):
        return good(N_("The newest mailing has a visible link to unsubscribe."))
    return bad(N_("The newest mailing has no visible link to unsubscribe. Put one into its text."))


def _list_id(value: str) -> Finding:
    if value:
        return good(N_("The newest mailing says which newsletter it belongs to: %(value)s"), value=value)
    return bad(N_("The newest mailing does not say which newsletter it belongs to (List-Id)."))


def _feedback_id(value: str) -> Finding:
    if _FEEDBACK_ID.fullmatch(value):
        return good(N_("Gmail can report complaints by mailing: %(value)s"), value=value)
    return bad(N_("The newest mailing has no Feedback-ID that Gmail can read."))


def _complaints(record: Record) -> Finding:
    if not record.complained or not record.sent:
        return unknown(
            N_(
                "No complaint has been reported in 30 days. Gmail shows its own figure in Postmaster Tools only."
            )
        )
    share = record.complained / record.sent
    params: dict[str, Any] = {"count": record.complained, "rate": round(share * 100, 2)}
    if share < COMPLAINTS_GOOD:
        return good(N_("%(count)d complaints in 30 days, %(rate)s %% of the mails: below 0.1 %%."), **params)
    if share < COMPLAINTS_MAX:
        text = N_(
            "%(count)d complaints in 30 days, %(rate)s %% of the mails. Stay below 0.1 %%: write to fewer people, "
            "more to the point."
        )
    else:
        text = N_(
            "%(count)d complaints in 30 days, %(rate)s %% of the mails. From 0.3 %% on providers refuse mails. Pause "
            "and look at whom you write to."
        )
    return bad(text, **params)


def _withdrawal(record: Record) -> Finding:
    """Everybody is asked about again when a mail is about to leave, so that signing off holds at once."""
    if record.late:
        text = N_(
            "%(count)d mails in 30 days reached people who had signed off more than two days before. Pause and tell us."
        )
        return bad(text, count=record.late)
    return good(
        N_("Signing off holds at once. Nobody who had signed off got a mail more than two days later.")
    )


def _hygiene(record: Record) -> Finding:
    if not record.sent + record.dead:
        return unknown(N_("Known once mails have left in the last 30 days."))
    share = record.dead / (record.sent + record.dead)
    params: dict[str, Any] = {"count": record.dead, "rate": round(share * 100, 2)}
    if share < DEAD_MAX:
        return good(N_("%(count)d addresses did not exist in 30 days, %(rate)s %% of the mails."), **params)
    text = N_(
        "%(count)d addresses did not exist in 30 days, %(rate)s %% of the mails. Clean your lists; stay below 5 %%."
    )
    return bad(text, **params)
