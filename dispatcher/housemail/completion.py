"""The mail to the person who started a campaign: when the last mail is out, and once more when it is closed."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.housemail import letterhead
from dispatcher.housemail.completion_words import LEFT_OUT, REFUSALS, TEXTS
from domain import clock
from domain.accounts.models import User
from domain.campaigns import doubtful, reports
from domain.campaigns.models import Campaign
from domain.ledger import refusals
from domain.ledger.states import DeliveryState as D
from domain.tenancy import settings, tree


def tell(campaign: Campaign) -> None:
    """Queue the mail, in the transaction of the change it tells about; the sweep of system mails sends it."""
    user = User.get_or_none(User.id == (campaign.started_by_id or campaign.created_by_id))
    if user is None or not user.active:
        return
    texts = TEXTS.get(user.language, TEXTS["en"])
    subject = texts["out" if campaign.finished_at is None else "finished"] % {"title": campaign.name}
    letterhead.queue(
        "completion", campaign.tenant_id, to_address=user.email, to_name=user.name, subject=subject,
        plain=_body(campaign, user), language=user.language,
    )  # fmt: skip


def _body(campaign: Campaign, user: User) -> str:
    """Paragraphs in plain words: what was taken, what was not and why, what a person must decide. No addresses:
    the mail lies in mailboxes where they do not belong."""
    language = user.language if user.language in TEXTS else "en"
    texts = TEXTS[language]
    tenant = tree.get(campaign.tenant_id)
    link = f"{letterhead.public_url()}/t/{tenant.slug}/campaigns/{campaign.id}"
    head = texts["head_out" if campaign.finished_at is None else "head_finished"] % {"title": campaign.name}
    parts = [texts["hello"] % {"name": user.name}, head]
    parts += _figures(campaign, language, link, ZoneInfo(settings.effective(tenant)["time_zone"]))
    return "\n\n".join([*parts, f"{texts['link']}\n{link}"]) + "\n"


def _figures(campaign: Campaign, language: str, link: str, zone: ZoneInfo) -> Iterator[str]:
    texts, progress = TEXTS[language], reports.progress(campaign)
    counts = progress.counts

    def said(key: str, count: int, **more: object) -> str:
        return texts[key] % {"count": _number(count, language), **more}

    yield said("sent", progress.sent, total=_number(progress.total, language))
    for key, state in (("failed", D.FAILED), ("expired", D.EXPIRED)):
        if counts.get(state):
            yield said(key, counts[state]) + _why(campaign, state, language)
    if counts.get(D.DEFERRED):
        again = texts["later_more"] % {"at": _date(_next_attempt(campaign), language, zone)}
        yield said("later", counts[D.DEFERRED]) + _why(campaign, D.DEFERRED, language) + f"\n{again}"
    if counts.get(D.UNCERTAIN):
        yield said("uncertain", counts[D.UNCERTAIN])
    if held := doubtful.held(campaign):
        yield said("held", held) + f"\n{link}/doubtful"
    if left_out := sum(progress.left_out.values()):
        yield said("left_out", left_out) + _list(progress.left_out, LEFT_OUT[language], language)


def _why(campaign: Campaign, state: D, language: str) -> str:
    found = refusals.counts(campaign.tenant_id, campaign.id, state)
    return _list(found, REFUSALS[language], language)


def _list(counts: Mapping[Any, int], words: Mapping[Any, str], language: str) -> str:
    return "".join(f"\n- {words[key]}: {_number(count, language)}" for key, count in counts.items())


def _number(count: int, language: str) -> str:
    return f"{count:,}".replace(",", TEXTS[language]["comma"])


def _next_attempt(campaign: Campaign) -> datetime:
    return reports.next_attempt(campaign) or clock.now()


def _date(at: datetime, language: str, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime(TEXTS[language]["at"])
