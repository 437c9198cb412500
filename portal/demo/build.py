"""Build the demo house in one transaction: all of it or nothing, and nothing when it stands already."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from domain import clock
from domain.accounts import duties, rolebook
from domain.accounts.models import DutyKind, User
from domain.campaigns import planning
from domain.campaigns.models import Campaign
from domain.db import database
from domain.issues import trials
from domain.issues.models import Issue
from domain.notices.models import Notice
from domain.orders import desk as order_desk
from domain.subscribers.models import NewsletterType
from domain.tenancy.models import Tenant
from portal.demo import (
    audience,
    days,
    echoes,
    editions,
    house,
    orders,
    outcome,
    people,
    pictures,
    readers,
    sharing,
    stories,
    territories,
    welcome,
)
from portal.demo.days import ZONE, Timeline, clock_at
from portal.demo.editions import ASKED, BEGUN, BRANCH, READY, SENT, Desk
from portal.demo.people import LOGINS
from portal.settings import Settings

__all__ = ["LOGINS", "build"]
FOUNDED = timedelta(days=1_100)  # before the oldest reader signed up


def build(settings: Settings) -> None:
    """Fill an empty, migrated installation; the caller has opened the connection and configured the house."""
    if Tenant.select(Tenant.id).where(Tenant.slug.in_(["lindenhof", "suedpost"])).exists():
        return
    drawn = pictures.draw_all()
    with database.atomic():
        _Builder(clock.now(), settings.public_url).build(drawn)


TESTERS = (  # mailboxes in which mails are looked at before they leave
    ("Outlook im Büro", "outlook@lindenhof.example", "Mailprogramme"),
    ("Gmail auf dem Telefon", "lindenhof.probe@gmail.example", "Mailprogramme"),
    ("Sabine Röhl", "sabine.roehl@lindenhof.example", "Chefredaktion"),
)


class _Builder:
    """Plays the past of the house up to `now`."""

    def __init__(self, now: datetime, public_url: str) -> None:
        self._now, self._public_url = now, public_url
        self._roles = rolebook.ensure_starters()
        self._timeline = Timeline()

    def build(self, drawn: pictures.Drawn) -> None:
        with clock_at(self._now - FOUNDED):
            self._tenants = house.tenants()
            self._users = people.create(self._tenants, self._roles)
            ingrid = self._users["ingrid"]
            duties.give(self._tenants["lindenhof"], ingrid, DutyKind.DESK, ingrid)
            kinds, lists = house.furnish(self._tenants, self._roles, self._users["ingrid"])
        for slug, tenant in self._tenants.items():
            readers.fill(tenant, kinds, lists[slug], self._users["nele"].id, self._now)
            with clock_at(self._now - timedelta(days=50)):
                audience.enrich(tenant, self._users["nele"].id, self._now)
                territories.settle(tenant, self._users["nele"].id)
        self._publish("lindenhof", self._users["katrin"], kinds, drawn)
        self._publish("suedpost", self._users["lars"], kinds, drawn)
        self._timeline.play()
        self._read_old_notices()

    def _publish(
        self, slug: str, editor: User, kinds: dict[str, NewsletterType], drawn: pictures.Drawn
    ) -> None:
        """Media, articles and issues of a tenant."""
        tenant = self._tenants[slug]
        with clock_at(self._now - timedelta(days=60)):
            today = self._now.astimezone(ZONE).date()
            assets = pictures.keep(slug, tenant.id, editor.id, drawn, today)
        found = stories.publish(tenant, self._users, editor, assets, self._now, self._timeline)
        desk = Desk(tenant, kinds, found, self._public_url)
        if slug == "lindenhof":
            self._head_office(desk, tenant)
            ingrid, branch = self._users["ingrid"], self._tenants["suedpost"]
            self._at(hours=6.4, act=lambda: sharing.share(tenant, branch, found["theatre"], editor, ingrid))
        else:
            next_thursday = days.next_weekday(self._now + timedelta(days=3), 3, 7)
            self._at(hours=26.3, act=lambda: desk.assemble(BRANCH, editor, next_thursday))

    def _head_office(self, desk: Desk, tenant: Tenant) -> None:
        self._sent(desk, tenant)
        katrin = self._users["katrin"]
        for name, address, teams in TESTERS:
            self._at(hours=50.0, act=partial(trials.save, tenant.id, name, address, teams, katrin.id))

        def ready() -> None:
            desk.plan(desk.assemble(READY, katrin, days.next_weekday(self._now, 4, 6, 30)), katrin)

        def asked() -> None:
            issue = desk.assemble(ASKED, katrin, days.next_weekday(self._now + timedelta(days=4), 5, 9))
            desk.ask(issue, desk.plan(issue, katrin), katrin, "Bitte auf die Preise im Stadttheater schauen.")

        def begun() -> None:
            issue = desk.assemble(BEGUN, katrin, days.next_weekday(self._now, 1, 7))
            editions.expect(issue, katrin, self._users, self._now)

        self._orders(tenant)
        welcome.play(tenant, self._users, self._roles["chief_editor"].id, desk, self._now, self._timeline)
        self._at(hours=21.4, act=begun)
        self._at(hours=3.2, act=ready)
        self._at(hours=2.1, act=asked)

    def _orders(self, tenant: Tenant) -> None:
        """What journalists have asked the office for."""
        jonas, hannah, tobias = (self._users[key] for key in ("jonas", "hannah", "tobias"))

        def taken_on() -> None:
            asked = orders.survey(tenant, hannah)
            order_desk.accept(asked, tobias, "Machen wir nächste Woche, zusammen mit Katrin.", asked.version)

        self._at(hours=24.9, act=taken_on)
        self._at(hours=4.3, act=lambda: orders.reading(tenant, jonas, self._now))

    def _sent(self, desk: Desk, tenant: Tenant) -> None:
        """Last Friday's issue, from the desk to the last answer of a mail server."""
        friday = outcome.last_friday(self._now)
        katrin, sabine = self._users["katrin"], self._users["sabine"]
        made: dict[str, Campaign] = {}

        def ask() -> None:
            issue: Issue = desk.assemble(SENT, katrin, friday)
            campaign: Campaign = desk.ask(
                issue, desk.plan(issue, katrin), katrin, "Der Turm kam erst heute dazu."
            )
            made["campaign"] = campaign

        def approve() -> None:
            role, asked = self._roles["chief_editor"], made["campaign"]
            outcome.approve(planning.get(asked.tenant_id, asked.id), sabine, role.id)

        self._timeline.at(friday - timedelta(hours=19, minutes=26), ask)
        self._timeline.at(friday - timedelta(hours=18, minutes=50), approve)
        self._timeline.at(friday, lambda: outcome.send(made["campaign"].id, tenant.id))
        self._timeline.at(
            friday + timedelta(hours=1),
            lambda: echoes.come_in(planning.get(tenant.id, made["campaign"].id), self._now),
        )

    def _at(self, hours: float, act: Callable[[], object]) -> None:
        self._timeline.at(days.in_office(self._now - timedelta(hours=hours)), act)

    def _read_old_notices(self) -> None:
        """People have seen what is older than a day; the newest still ring the bell."""
        Notice.update(read_at=self._now - timedelta(hours=18)).where(
            Notice.tenant_id.in_([tenant.id for tenant in self._tenants.values()]),
            Notice.created_at < self._now - timedelta(hours=22),
        ).execute()
