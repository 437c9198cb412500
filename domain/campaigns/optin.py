"""Opt-in mails: a campaign that asks people who are here already whether they want a newsletter type.

It goes to people whose consent is unknown or pending, or who never had the type, and to nobody who has agreed, signed
off, let a sign-up lapse, or was asked within `days`. Being asked makes the consent pending; only the person raises it,
by the button behind the link of the mail; what nobody confirms lapses like any sign-up.

`audience["opt_in"]` = days, for which nobody is asked again.
"""

# ruff: noqa: S608 - statements are put together from constants of this module and whole numbers

from datetime import timedelta
from typing import Any

from domain import clock
from domain.campaigns.models import Campaign
from domain.db import database, sql, unscoped
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState as D
from domain.ledger.states import LeftOut
from domain.subscribers import consent, directory, signup, types
from domain.subscribers.consent import Trace
from domain.subscribers.models import Consent, NewsletterType, Subscriber

DAYS = 30
MOST_DAYS = 365
ASKED_STATES = ("", str(Consent.UNKNOWN), str(Consent.PENDING))  # "": the person never had the type
FORM = "opt-in mail"
CHUNK = 200
_AT_WORK = ", ".join(str(int(s)) for s in (D.SENT, D.LEASED, D.UNCERTAIN, D.HELD, D.QUEUED, D.DEFERRED))
# the branch of audience.REASON that looks at the consent; it binds as many values as the usual one
AGREED = f"c.consent IS NOT NULL AND c.consent NOT IN (CONSENTS) THEN {int(LeftOut.AGREED)}"


def is_one(campaign: Campaign) -> bool:
    """Whether the campaign asks for consent instead of needing it."""
    return bool((campaign.audience or {}).get("opt_in"))


def days(campaign: Campaign) -> int:
    """For how long nobody who got an opt-in mail gets another one."""
    return int((campaign.audience or {}).get("opt_in") or DAYS)


def checked_days(value: Any) -> int:
    """The number of days as somebody typed it; raises Invalid."""
    if not isinstance(value, int) or not 1 <= value <= MOST_DAYS:
        raise Invalid(
            fields={"opt_in": (N_("Enter a whole number from 1 to %(most)s."), {"most": MOST_DAYS})}
        )
    return value


def asked(campaign: Campaign, now: int) -> str:
    """A branch of a CASE over subscriber s: whoever was asked lately, by form, by another opt-in mailing, or is about
    to be."""
    since = now - days(campaign) * 86_400
    mailed = f"""EXISTS (SELECT 1 FROM consent_event e WHERE e.tenant_id = s.tenant_id AND e.subscriber_id = s.id
        AND e.type_id = {int(campaign.type_id)} AND e.act = 'mailed' AND e.at > {since})"""
    others = ", ".join(map(str, rivals(campaign, now)))
    if others:
        mailed += f""" OR EXISTS (SELECT 1 FROM delivery g WHERE g.tenant_id = s.tenant_id AND g.subscriber_id = s.id
            AND g.campaign_id IN ({others}) AND g.state IN ({_AT_WORK}))"""
    return f"WHEN {mailed} THEN {int(LeftOut.ASKED)}"


def rivals(campaign: Campaign, now: int) -> tuple[int, ...]:
    """Other opt-in campaigns of the type that have begun within the days of this one."""
    query = Campaign.select(Campaign.id, Campaign.audience).where(
        Campaign.tenant_id == campaign.tenant_id, Campaign.type_id == campaign.type_id,
        Campaign.started_at > clock.moment(now) - timedelta(days=days(campaign)), Campaign.id != (campaign.id or 0),
    )  # fmt: skip
    return tuple(found.id for found in query if is_one(found))


@unscoped("one sweep serves all tenants")
def underway() -> list[Campaign]:
    """Opt-in campaigns of all tenants whose mails may still be answered."""
    begun = clock.now() - timedelta(seconds=2 * signup.LINK_MAX_AGE_S)
    query = Campaign.select().where(
        Campaign.started_at.is_null(False), Campaign.finished_at.is_null() | (Campaign.finished_at > begun)
    )
    return [found for found in query.order_by(Campaign.id) if is_one(found)]


def sent_count(campaign: Campaign) -> int:
    """How many mails of the campaign are out."""
    query = Delivery.select().where(
        Delivery.tenant_id == campaign.tenant_id,
        Delivery.campaign_id == campaign.id,
        Delivery.state == D.SENT,
    )
    return query.count()


def note_sent(campaign: Campaign) -> int:
    """Write into the history that these people were asked, for every mail that is out; returns how many. Doing it
    again writes nothing, so that whoever died in between is followed."""
    kind = types.get(campaign.tenant_id, campaign.type_id)
    noted = 0
    while rows := _unnoted(campaign):
        with database.atomic():
            for delivery_id, person_id in rows:
                _note(directory.get(campaign.tenant_id, person_id), kind, delivery_id)
        noted += len(rows)
    return noted


def _unnoted(campaign: Campaign) -> list[tuple[int, int]]:
    return list(
        database.execute_sql(
            sql(
                f"""SELECT d.id, d.subscriber_id FROM delivery d
                JOIN subscriber s ON s.tenant_id = d.tenant_id AND s.id = d.subscriber_id
                WHERE d.tenant_id = ? AND d.campaign_id = ? AND d.state = {int(D.SENT)}
                AND NOT EXISTS (SELECT 1 FROM consent_event e WHERE e.tenant_id = d.tenant_id
                    AND e.subscriber_id = d.subscriber_id AND e.type_id = ? AND e.act = 'mailed'
                    AND e.form = ? AND e.mail_id = d.id)
                ORDER BY d.id LIMIT {CHUNK}"""
            ),
            [campaign.tenant_id, campaign.id, campaign.type_id, FORM],
        ).fetchall()
    )


def _note(person: Subscriber, kind: NewsletterType, delivery_id: int) -> None:
    """The person was asked; whoever has decided meanwhile keeps the decision."""
    trace = Trace(form=FORM, mail_id=delivery_id)
    state = consent.state(person.tenant_id, person.id, kind.id)
    if state in consent.TRANSITIONS["invite"][0]:
        state = consent.step(person, kind, "invite", trace)
    consent.record(person, kind, "mailed", state, state or Consent.UNKNOWN, trace)


def check_open(campaign: Campaign, delivery: Delivery, person: Subscriber | None) -> None:
    """Raise NotFound for a mail that asks nothing, Conflict for a link that is too old or was answered with no."""
    if not is_one(campaign) or person is None:
        raise NotFound
    if consent.state(person.tenant_id, person.id, campaign.type_id) == Consent.CONFIRMED:
        return
    age = clock.epoch() - (delivery.settled_at or clock.epoch())
    last = signup.last_act(person, campaign.type_id)
    if age > signup.LINK_MAX_AGE_S or last in ("revoke", "import_revoked"):
        raise Conflict(N_("This link is no longer valid."))


def confirm(
    campaign: Campaign, delivery: Delivery, person: Subscriber, kind: NewsletterType, trace: Trace,
    welcome: signup.Welcome = signup.no_welcome,
) -> Consent:  # fmt: skip
    """The person has pressed the button behind the link of the mail; again changes nothing. The lists of the type and
    its welcome mail follow as after any sign-up. Raises as `check_open`."""
    check_open(campaign, delivery, person)
    with database.atomic():
        before = consent.state(person.tenant_id, person.id, kind.id)
        if before is None:  # faster than the sweep that notes the mail
            _note(person, kind, delivery.id)
        after = consent.confirm(person, kind, trace)
        signup.admit(person, kind, before != Consent.CONFIRMED, welcome)
    return after


def outcome(campaign: Campaign) -> dict[str, int]:
    """State of consent → how many of those who got the mail have it now."""
    rows = database.execute_sql(
        sql(
            f"""SELECT coalesce(c.consent, 'unknown'), count(*) FROM delivery d
            LEFT JOIN subscription c ON c.tenant_id = d.tenant_id AND c.type_id = ?
                AND c.subscriber_id = d.subscriber_id
            WHERE d.tenant_id = ? AND d.campaign_id = ? AND d.state = {int(D.SENT)} GROUP BY 1"""
        ),
        [campaign.type_id, campaign.tenant_id, campaign.id],
    ).fetchall()
    return dict(rows)
