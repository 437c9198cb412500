"""The sidebar: drawn from the rights, counts only where a person must act."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app, g, url_for
from flask_babel import lazy_gettext as _l

from domain.accounts import duties, policy
from domain.accounts.permissions import OWN_ARTICLES
from domain.accounts.permissions import Permission as P
from domain.approvals import listing
from domain.content import pool
from domain.db import abreast
from domain.ledger import marks
from domain.notices import bell
from domain.orders import listing as orders
from domain.rollouts import receiving
from domain.tenancy import settings as tenant_settings
from domain.tenancy.models import Tenant
from portal import context
from portal.access import may


@dataclass(frozen=True)
class Item:
    """One line of the sidebar; `count` asks how much waits for the person there."""

    key: str
    endpoint: str
    label: object
    icon: str
    rights: tuple[P, ...] = ()
    count: Callable[[], int] | None = None


def _counts() -> dict[str, int]:
    """How much waits for the person in each area, asked in one query. What the overview
    has counted is not counted again."""
    if "nav_counts" in g:
        return g.nav_counts
    tenant_id, user_id = g.tenant.id, g.user.id
    asked = {"notices": bell.unread(tenant_id, user_id)}
    known = {}
    for key, right, counted, query in (
        ("articles", P.ARTICLE_REVIEW, "waiting_articles", pool.submitted(tenant_id)),
        ("approvals", P.APPROVAL_DECIDE, "waiting_approvals", listing.waiting_for(tenant_id, user_id)),
        ("orders", P.ORDER_DECIDE, "", orders.waiting(tenant_id)),
    ):
        if counted and counted in g:
            known[key] = g.get(counted)
        elif may(right):
            asked[key] = query
    if g.tenant.parent_id and may(P.ROLLOUT_JOIN):
        asked["rollouts"] = receiving.waiting(g.tenant)
    columns = [query.alias(key) for key, query in asked.items()]
    found = Tenant.select(*columns).where(Tenant.id == tenant_id).dicts().get()
    g.nav_counts = {**found, **known}
    return g.nav_counts


def _count(key: str) -> Callable[[], int]:
    return lambda: _counts().get(key, 0)


PLANNED = (P.ISSUE_SEE, P.ARTICLE_SEE, *OWN_ARTICLES)
TOP = (
    Item("notices", "notices.index", _l("Notices"), "bell", count=_count("notices")),
    Item("dashboard", "dashboard.index", _l("Overview"), "home"),
)
GROUPS: tuple[tuple[object, tuple[Item, ...]], ...] = (
    (
        _l("Content"),
        (
            Item("pool", "pool.index", _l("Shared content"), "inbox", (P.ARTICLE_SEE, *OWN_ARTICLES),
                 _count("articles")),
            Item("issues", "issues.index", _l("Issues"), "news", (P.ISSUE_SEE,)),
            Item("calendar", "calendar.index", _l("Calendar"), "calendar", PLANNED),
            Item("media", "media.index", _l("Media"), "photo", (P.MEDIA_SEE,)),
            Item(
                "mailtemplates", "mailtemplates.index", _l("Mail templates"), "palette",
                (P.TEMPLATE_SEE, P.TEMPLATE_EDIT),
            ),
        ),
    ),
    (
        _l("Dispatch"),
        (
            Item("orders", "orders.index", _l("Orders"), "file-text",
                 (P.ORDER_ASK, P.ORDER_SEE, P.ORDER_DECIDE), _count("orders")),
            Item("campaigns", "campaigns.index", _l("Mailings"), "send", (P.CAMPAIGN_SEE,)),
            Item("automailers", "automailers.index", _l("Automailers"), "repeat", (P.AUTOMAILER_SEE,)),
            Item("rollouts", "rollouts.index", _l("Rollouts"), "versions",
                 (P.ROLLOUT_SEE, P.ROLLOUT_EDIT, P.ROLLOUT_JOIN), _count("rollouts")),
            Item(
                "approvals",
                "approvals.index",
                _l("Approvals"),
                "checkup-list",
                (P.APPROVAL_SEE, P.APPROVAL_ASK, P.APPROVAL_DECIDE),
                _count("approvals"),
            ),
        ),
    ),
    (
        _l("Recipients"),
        (
            Item("subscribers", "subscribers.index", _l("Subscribers"), "users", (P.SUBSCRIBER_SEE,)),
            Item("organisations", "organisations.index", _l("Customers"), "building", (P.SUBSCRIBER_SEE,)),
            Item("segments", "segments.index", _l("Segments"), "filter", (P.SUBSCRIBER_SEE,)),
            Item("types", "types.index", _l("Newsletter types"), "mail", (P.TYPE_SEE,)),
        ),
    ),
    (
        _l("House"),
        (
            Item("robinson", "robinson.index", _l("Suppression list"), "shield-x", (P.SUBSCRIBER_EDIT,)),
            Item("volume", "volume.index", _l("Volume"), "receipt", (P.VOLUME_SEE,)),
            Item("releases", "releases.index", _l("Releases"), "share-2", (P.RELEASE_SEE, P.RELEASE_EDIT)),
            Item("territory", "territory.index", _l("Territories"), "map-pin", (P.TENANT_EDIT,)),
            Item("users", "users.index", _l("People"), "user-cog", (P.USER_SEE, P.USER_EDIT)),
            Item("roles", "roles.index", _l("Roles and rights"), "shield-lock", (P.ROLE_SEE, P.ROLE_EDIT)),
            Item("tenants", "tenants.edit", _l("Tenant"), "settings", (P.TENANT_EDIT,)),
            Item("relays", "relays.index", _l("Mail servers"), "mail-forward", (P.RELAY_EDIT,)),
            Item("senders", "senders.index", _l("Sender domains"), "at", (P.SENDER_EDIT,)),
            Item("dispatch", "dispatch.queue", _l("Queue"), "gauge", (P.RELAY_EDIT,)),
            Item("audit", "audit.index", _l("Log"), "history", (P.AUDIT_SEE,)),
        ),
    ),
)  # fmt: skip


HOUSE = (
    Item("house_tenants", "house.tenants", _l("All tenants"), "building-community"),
    Item("house_relays", "house_relays.index", _l("Mail servers"), "mail-forward"),
    Item("house_dispatch", "house_dispatch.index", _l("Dispatcher"), "gauge"),
    Item(
        "house_pacing",
        "house_pacing.index",
        _l("Limits of the house"),
        "send",
        count=lambda: len(marks.doubtful()),
    ),
    Item("house_rollouts", "house_rollouts.index", _l("Rollouts"), "versions"),
    Item("house_log", "house_log.index", _l("Log"), "history"),
)


DESK = (Item("person_desk", "person_desk.index", _l("Person desk"), "user-check"),)


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(
        nav_house=_house,
        unread_notices=_count("notices"),
        nav_top=lambda: _visible(TOP),
        nav_groups=_groups,
        my_tenants=_my_tenants,
        manages_tenants=lambda: g.user.administers_house or bool(context.administered()),
        tenant_url=_tenant_url,
        tenant_colour=_tenant_colour,
        has_view=_has_view,
    )


def _house() -> list[Item]:
    """What lies above the tenants: for administrators of the house, and for who sits at the person desk."""
    items = HOUSE if g.user.administers_house else HOUSE[:1] if context.administered() else ()
    return _visible((*items, *(DESK if _at_desk() else ())))


def _at_desk() -> bool:
    """Whether the person sits at a person desk, asked once in a request."""
    if "at_desk" not in g:
        g.at_desk = duties.has_desk(g.user)
    return bool(g.at_desk)


def _groups() -> list[tuple[object, list[Item]]]:
    found = [(title, _visible(items)) for title, items in GROUPS]
    return [(title, items) for title, items in found if items]


def _visible(items: tuple[Item, ...]) -> list[Item]:
    return [
        i for i in items if _has_view(i.endpoint) and (not i.rights or any(may(right) for right in i.rights))
    ]


def look_around() -> None:
    """Ask for what every page of a tenant shows around its content, in one statement."""
    if g.get("user") and g.get("tenant"):
        abreast(_counts, _my_tenants)
    elif g.get("user"):
        abreast(_my_tenants, _at_desk)


def _has_view(endpoint: str) -> bool:
    return endpoint in current_app.view_functions


def _my_tenants():  # type: ignore[no-untyped-def]
    if "my_tenants" not in g:
        g.my_tenants = policy.tenants_of(g.user, context.administered())
    return g.my_tenants


def _tenant_url(tenant, nav_key: str) -> str:  # type: ignore[no-untyped-def]
    """The same place in another tenant if the person may go there, else its overview."""
    if g.get("tenant") and tenant.id == g.tenant.id:
        return url_for("dashboard.index", tenant=tenant.slug)
    if "rights_by_tenant" not in g:
        g.rights_by_tenant = policy.rights_by_tenant(g.user)
    rights = g.rights_by_tenant.get(tenant.id, policy.NOTHING)
    for _title, items in GROUPS:
        for item in items:
            if (
                item.key == nav_key
                and _has_view(item.endpoint)
                and any(right in rights for right in item.rights)
            ):
                return url_for(item.endpoint, tenant=tenant.slug)
    return url_for("dashboard.index", tenant=tenant.slug)


def _tenant_colour(tenant) -> str:  # type: ignore[no-untyped-def]
    """Its own colour or that of the nearest above, dark enough for white letters."""
    known = {other.id: other for other in _my_tenants()}
    chain = [tenant]
    while "colour" not in (chain[-1].settings or {}) and chain[-1].parent_id in known:
        chain.append(known[chain[-1].parent_id])
    nearest = chain[-1].settings or {}
    wished = nearest.get("colour") or tenant_settings.effective(tenant)["colour"]
    return tenant_settings.colours(wished)[1]
