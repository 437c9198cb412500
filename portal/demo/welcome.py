"""The automailer of the demo house: a welcome in three letters, with readers at every step of it."""

from datetime import datetime, timedelta
from functools import partial

from dispatcher import series as door
from domain import clock
from domain.accounts.models import User
from domain.automailers import enrolments, running, series
from domain.automailers.models import Automailer, Enrolment
from domain.campaigns import adding, lifecycle, planning
from domain.campaigns.models import Campaign, CampaignStatus
from domain.issues import letters
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from domain.quotas import ledger as quotas
from domain.subscribers.models import Consent, Subscriber, Subscription
from domain.tenancy.models import Tenant
from portal.demo import days, outcome
from portal.demo.days import Timeline
from portal.demo.editions import Desk

KIND = "stadtgespraech"
LETTERS: tuple[tuple[int, str, str], ...] = (  # days after the one before, subject, text
    (
        0, "Willkommen beim Stadtgespräch",
        ("<p>schön, dass Sie da sind. Jeden Freitag um halb sieben liegt das Stadtgespräch in Ihrem Postfach: was "
        "Hannover bewegt, in zehn Minuten zu lesen.</p><p>Antworten Sie uns gern, Ihre Mail landet in der "
        "Redaktion.</p><p>Ihre Redaktion</p>"),
    ),
    (
        3, "So entsteht das Stadtgespräch",
        ("<p>am Donnerstagabend liegt fest, was am Freitag erscheint. Bis dahin wird telefoniert, gegengelesen und "
        "gestrichen. Heute nehmen wir Sie mit in die Redaktion.</p><p>Ihre Redaktion</p>"),
    ),
    (
        7, "Worüber sollen wir schreiben?",
        ("<p>Sie lesen uns jetzt seit zehn Tagen. Fehlt Ihnen etwas? Schreiben Sie uns in einem Satz, was in Ihrem "
        "Stadtteil liegen bleibt.</p><p>Ihre Redaktion</p>"),
    ),
)  # fmt: skip
CAME = ((11, 5), (6, 4), (1, 3))  # days ago, readers


def play(
    tenant: Tenant, users: dict[str, User], role_id: int, desk: Desk, now: datetime, timeline: Timeline
) -> None:
    """Put what happened into the timeline: made, approved, readers taken in, and a mail round on every morning."""
    made: dict[str, Automailer] = {}

    def begin() -> None:
        made["series"] = _begin(tenant, users, role_id, desk)

    def takes_in(place: int, count: int) -> None:
        for person in _readers(tenant, made["series"], place, count):
            enrolments.add(_fresh(made["series"]), person, users["nele"].id)

    timeline.at(days.in_office(now - timedelta(days=12)), begin)
    for place, (ago, count) in enumerate(CAME):
        timeline.at(days.in_office(now - timedelta(days=ago)), partial(takes_in, place, count))
    for ago in range(11, 0, -1):
        morning = days.in_office(now - timedelta(days=ago) + timedelta(minutes=20))
        timeline.at(morning, lambda: _round(_fresh(made["series"])))
    timeline.at(days.in_office(now - timedelta(days=2)), lambda: _pause_one(made["series"], users["nele"].id))


def _begin(tenant: Tenant, users: dict[str, User], role_id: int, desk: Desk) -> Automailer:
    kind = desk.kinds[KIND]
    made = series.create(tenant.id, "Willkommen beim Stadtgespräch", kind.id, users["tobias"].id)
    for wait, subject, html in LETTERS:
        letter = letters.create(tenant.id, kind.id, users["katrin"].id, subject)
        body = f"<p>[Briefanrede|Guten Tag],</p>{html}"
        letters.write(letter, subject, "", body, {"asset_id": None, "alt": ""})
        values = {"days": wait, "hours": 0, "issue_id": letter.id, "value_id": None}
        series.add_step(made, values, users["tobias"].id)
    window = {
        "name": made.name, "start": "sign_up", "start_holder": "subscriber", "start_values": [],
        "stop_holder": "subscriber", "stop_values": [], "weekdays": 127, "from_minute": 7 * 60,
        "until_minute": 20 * 60,
    }  # fmt: skip
    series.change(made, window, made.version, users["tobias"].id)
    door.activate(tenant, made, users["tobias"], desk.base_url)
    for campaign in _carriers(made):
        outcome.approve(campaign, users["sabine"], role_id)
    for campaign in _carriers(made):
        lifecycle.note_start(campaign)
        Campaign.update(status=CampaignStatus.SENDING, started_at=clock.now(), snapshot_at=clock.now()).where(
            Campaign.tenant_id == tenant.id, Campaign.id == campaign.id
        ).execute()
        adding.rest(planning.get(tenant.id, campaign.id))
    return made


def _fresh(made: Automailer) -> Automailer:
    return series.get(made.tenant_id, made.id)


def _carriers(made: Automailer) -> list[Campaign]:
    return list(series.carriers(made, series.steps(made)).values())


def _readers(tenant: Tenant, made: Automailer, place: int, count: int) -> list[Subscriber]:
    """The newest readers who have confirmed, a few for each day."""
    query = (
        Subscriber.select()
        .join(
            Subscription,
            on=(
                (Subscription.tenant_id == Subscriber.tenant_id)
                & (Subscription.subscriber_id == Subscriber.id)
                & (Subscription.type_id == made.type_id)
            ),
        )
        .where(
            Subscriber.tenant_id == tenant.id, Subscription.consent == Consent.CONFIRMED,
            Subscriber.address_key.is_null(False), Subscriber.locked_reason.is_null(),
        )
        .order_by(Subscriber.id.desc())
    )  # fmt: skip
    return list(query.offset(place * 6).limit(count))


def _round(made: Automailer) -> None:
    """What is due goes, and the mail servers take it."""
    now = clock.epoch()
    for campaign_id in running.send_due(made):
        campaign = planning.get(made.tenant_id, campaign_id)
        taken = (
            Delivery.update(
                state=DeliveryState.SENT, attempt=1, reply_code=250, enhanced="2.0.0", settled_at=now + 3,
                handed_over=True, revision_id=campaign.revision_id,
            )
            .where(
                Delivery.tenant_id == campaign.tenant_id, Delivery.campaign_id == campaign.id,
                Delivery.state == DeliveryState.QUEUED,
            )
            .execute()
        )  # fmt: skip
        quotas.reserve(made.tenant_id, campaign.role_id, campaign.id, taken, days.ZONE.key, clock.now())
        adding.rest(campaign)


def _pause_one(made: Automailer, user_id: int) -> None:
    """Somebody has asked not to be written to while away."""
    found = Enrolment.get_or_none(Enrolment.tenant_id == made.tenant_id, Enrolment.automailer_id == made.id)
    if found is not None:
        enrolments.suspend(_fresh(made), found, user_id)
