"""Notices by mail: each at once, or all of a day in one mail, as each person has chosen."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from dispatcher.housemail import letterhead, lettering, wording
from domain import clock
from domain.accounts.models import User
from domain.db import database
from domain.notices import bell
from domain.notices.models import Notice
from domain.tenancy import settings as tenant_settings
from domain.tenancy.models import Tenant

DAY_AND_TIME = {"de": "EEEE, d. MMMM y, H:mm 'Uhr'", "en": "EEEE d MMMM y, H:mm"}
DIGEST_HOUR = 7  # in the zone of the person's first tenant in the mail


def send_now() -> None:
    """A mail for each notice whose reader wants it at once."""
    for notice, user, tenant in _with(bell.to_mail("now")):
        with database.atomic():
            if notice.id in bell.mailed([notice.id]):
                lettering.queue(
                    notice.letter or "notice", user.language, tenant, user.email, user.name,
                    text=wording.say(user.language, notice.message, notice.params), link=_link(tenant, notice),
                    **_values(user, tenant, notice),
                )  # fmt: skip


def _values(user: User, tenant: Tenant, notice: Notice) -> dict[str, str]:
    """What the notice is about, for a template of its own: its_NAME; days and moments in words of the language."""
    zone = ZoneInfo(str(tenant_settings.effective(tenant)["time_zone"]))
    return {
        f"its_{name}": _in_words(user.language, name, value, zone) for name, value in notice.params.items()
    }


def _in_words(language: str, name: str, value: object, zone: ZoneInfo) -> str:
    if not value:
        return "0" if value == 0 else ""
    if name.endswith("_on"):
        return format_date(date.fromisoformat(str(value)), "full", locale=language)
    if name.endswith("_at"):
        at = datetime.fromisoformat(str(value)).astimezone(zone)
        return format_datetime(at, DAY_AND_TIME.get(language, DAY_AND_TIME["en"]), locale=language)
    return str(value)


def digests() -> Callable[[], None]:
    """Once a day and person: what has come since, in one mail over all tenants."""
    looked_in_hour = -1

    def sweep() -> None:
        nonlocal looked_in_hour
        now = clock.epoch()
        if now // 3_600 != looked_in_hour:
            send_digests(clock.now())
            looked_in_hour = now // 3_600

    return sweep


def send_digests(now: datetime) -> int:
    """The digests that are due at `now`: from seven o'clock on, with what came before; returns how many."""
    by_person: dict[int, list[tuple[Notice, User, Tenant]]] = defaultdict(list)
    for row in _with(bell.to_mail("daily", 5_000)):
        by_person[row[1].id].append(row)
    return sum(_digest(rows, now) for rows in by_person.values())


def _digest(rows: list[tuple[Notice, User, Tenant]], now: datetime) -> bool:
    _notice, user, tenant = rows[0]
    zone = ZoneInfo(str(tenant_settings.effective(tenant)["time_zone"]))
    due = now.astimezone(zone).replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    ready = [row for row in rows if row[0].created_at < due]
    if now < due or not ready:
        return False
    with database.atomic():
        taken = bell.mailed([notice.id for notice, _user, _tenant in ready])
        lines = [_line(user, notice, of) for notice, _user, of in ready if notice.id in taken]
        if lines:
            headline = wording.count(user.language, len(lines))
            lettering.queue(
                "digest",
                user.language,
                None,
                user.email,
                user.name,
                headline=headline,
                lines="\n".join(lines),
            )
    return bool(lines)


def _line(user: User, notice: Notice, tenant: Tenant) -> str:
    text = wording.say(user.language, notice.message, notice.params)
    return f"{tenant.name}: {text}\n{_link(tenant, notice)}\n"


def _link(tenant: Tenant, notice: Notice) -> str:
    return f"{letterhead.public_url()}/t/{tenant.slug}/{notice.url or 'notices'}"


def _with(notices: Iterable[Notice]) -> list[tuple[Notice, User, Tenant]]:
    """Notices with reader and tenant; those whose reader or tenant is gone go out to nobody."""
    found = list(notices)
    users = {
        u.id: u for u in User.select().where(User.id.in_({n.user_id for n in found} or {0}), User.active)
    }
    tenants = {t.id: t for t in Tenant.select().where(Tenant.id.in_({n.tenant_id for n in found} or {0}))}
    lost = [n.id for n in found if n.user_id not in users or n.tenant_id not in tenants]
    if lost:
        bell.mailed(lost)
    return [
        (n, users[n.user_id], tenants[n.tenant_id])
        for n in found
        if n.user_id in users and n.tenant_id in tenants
    ]
