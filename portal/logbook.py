"""The log as people ask for it: filters, words to search for, pages, and the same rows as a table to take along."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext as _
from peewee import ModelSelect

from domain import bounds
from domain.accounts import people
from domain.accounts.models import User
from domain.accounts.permissions import Permission
from domain.audit import log
from domain.audit.models import AuditEntry
from domain.subscribers.models import Subscriber
from portal import acts, context, entry, telling
from portal.access import may

PAGE_SIZE = 50
EXPORTED_AT_ONCE = 500
MOST_EXPORTED = 1_000_000
SIGN_INS = ("sign_in", "password.change", "password.first", "password.reset", "second.on", "second.off",
           "second.codes", "session.end", *entry.REFUSED)  # fmt: skip
SIGNING = "sign_in"  # the area of these acts: they stand in the log of the house, since people sign in there


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; everything empty: the whole log."""

    area: str = ""
    who: int | None = None
    since: date | None = None
    until: date | None = None
    text: str = ""
    kind: str = ""
    object_id: int | None = None

    @property
    def filters(self) -> dict[str, Any]:
        """For the address of a page; only what is set."""
        found = {
            "area": self.area, "who": self.who, "since": self.since, "until": self.until, "q": self.text,
            "kind": self.kind, "id": self.object_id,
        }  # fmt: skip
        return {name: value for name, value in found.items() if value}


def wanted() -> Wanted:
    """From the query of the address, or the form that sends it back."""
    args = request.values
    area, object_id = args.get("area", ""), args.get("id", type=int)
    return Wanted(
        area if area in (*acts.AREAS, SIGNING) else "", args.get("who", type=int), _day("since"), _day("until"),
        args.get("q", "").strip()[:80], args.get("kind", "") if args.get("kind") in acts.KINDS else "",
        object_id if object_id and object_id < 1 << 62 else None,
    )  # fmt: skip


def query(tenant_id: int, asked: Wanted) -> ModelSelect:
    """Entries of one chain, the newest first. The sign-ins of a tenant's people are those of the house's chain."""
    chain = tenant_id
    if asked.area == SIGNING and tenant_id != log.HOUSE:
        chain = log.HOUSE
    found = AuditEntry.select().where(AuditEntry.tenant_id == chain)
    if bounds.current():  # somebody bound to a territory reads nothing about people elsewhere
        mine = Subscriber.select(Subscriber.id).where(Subscriber.tenant_id == tenant_id)
        found = found.where((AuditEntry.kind != "subscriber") | AuditEntry.object_id.in_(mine))
    if asked.area == SIGNING:
        found = found.where(AuditEntry.act.in_(SIGN_INS))
        if tenant_id != log.HOUSE:
            mine = [user_id for user_id, _name, _email in people.names(tenant_id)]
            theirs = AuditEntry.act.in_(entry.REFUSED) & AuditEntry.object_id.in_(mine or [0])
            found = found.where(AuditEntry.user_id.in_(mine or [0]) | ((AuditEntry.kind == "user") & theirs))
    elif asked.area:
        found = found.where(AuditEntry.act.startswith(asked.area + "."))
    if asked.who:
        found = found.where(AuditEntry.user_id == asked.who)
    if asked.since:
        found = found.where(AuditEntry.at >= _midnight(asked.since))
    if asked.until:
        found = found.where(AuditEntry.at < _midnight(asked.until + timedelta(days=1)))
    if asked.kind and asked.object_id:
        found = found.where(AuditEntry.kind == asked.kind, AuditEntry.object_id == asked.object_id)
    if asked.text:
        found = found.where(_says(tenant_id, asked.text))
    return found.order_by(AuditEntry.number.desc())


def page_values(tenant_id: int, asked: Wanted) -> dict[str, Any]:
    """What the pages of the log of a tenant and of the house show alike."""
    before = request.args.get("before", type=int)
    rows = query(tenant_id, asked)
    if before and before < 1 << 62:
        rows = rows.where(AuditEntry.number < before)
    found = list(rows.limit(PAGE_SIZE + 1))
    return {
        "told": telling.tell(found[:PAGE_SIZE]), "areas": telling.areas(), "asked": asked, "kept": asked.filters,
        "older": found[PAGE_SIZE - 1].number if len(found) > PAGE_SIZE else None, "is_first": not before,
        "filtered": bool(asked.filters),
        "may_export": tenant_id == log.HOUSE or may(Permission.AUDIT_EXPORT),
    }  # fmt: skip


def headings() -> list[str]:
    """Of the table to take along."""
    return [
        _("No."), _("Time"), _("Who"), _("In whose place"), _("From the address"), _("What happened"),
        _("Details"), _("Reference"), _("Act"),
    ]  # fmt: skip


def rows(tenant_id: int, asked: Wanted) -> Iterator[list[Any]]:
    """The same entries as on the pages, as cells; read piece by piece."""
    zone, before, count = ZoneInfo(context.time_zone()), 1 << 62, 0
    while count < MOST_EXPORTED:
        some = list(query(tenant_id, asked).where(AuditEntry.number < before).limit(EXPORTED_AT_ONCE))
        for told in telling.tell(some):
            row = told.entry
            yield [
                row.number, f"{row.at.astimezone(zone):%Y-%m-%d %H:%M:%S}", told.who, told.as_whom, row.address,
                told.text, "\n".join(told.lines), row.reference, row.act,
            ]  # fmt: skip
        if len(some) < EXPORTED_AT_ONCE:
            return
        before, count = some[-1].number, count + len(some)


def _says(tenant_id: int, text: str) -> Any:
    """Reference, address, details, who did it, or the name of what it was done to."""
    said = (
        AuditEntry.reference.contains(text)
        | AuditEntry.address.contains(text)
        | AuditEntry.details.cast("TEXT").contains(text)
    )
    names = User.select(User.id).where(User.name.contains(text) | (User.email == text.casefold()))
    said |= AuditEntry.user_id.in_(names)
    for kind, ids in telling.named(tenant_id, text).items():
        said |= (AuditEntry.kind == kind) & AuditEntry.object_id.in_(ids)
    return said


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.values.get(name, ""))
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(context.time_zone()))
