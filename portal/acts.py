"""Entries of the log in sentences: one per act, with what it was done to and what changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import g
from flask_babel import gettext
from peewee import Model

from domain.accounts import policy
from domain.accounts.models import Role, User
from domain.accounts.permissions import SENTENCES, Permission
from domain.audit.models import AuditEntry
from domain.campaigns.models import Campaign
from domain.content.models import Article
from domain.errors import N_
from domain.issues.models import Issue
from domain.subscribers.models import DistributionList, NewsletterType

ACTS: dict[str, str] = {
    "approval.approved": N_("approved %(what)s"),
    "approval.setup": N_("changed the steps of approval"),
    "approval.skipped": N_("started %(what)s, too small to need an approval"),
    "approval.revoked": N_("revoked the approval of %(what)s"),
    "approval.ask": N_("asked for approval of %(what)s"),
    "approval.rejected": N_("rejected %(what)s"),
    "approval.returned": N_("returned %(what)s for a correction"),
    "approval.void": N_("voided the approval of %(what)s"),
    "article.accept": N_("accepted %(what)s"),
    "article.return": N_("returned %(what)s to its author"),
    "house.cap": N_("changed how often an address may be written to in this house"),
    "house.confirm": N_("let this installation send again"),
    "limits.cap": N_("changed how often an address may be written to"),
    "limits.person": N_("changed the limits of a person"),
    "limits.tenant": N_("changed the limits of the tenant"),
    "campaign.cancel": N_("cancelled %(what)s"),
    "campaign.correct": N_("opened %(what)s for a correction"),
    "campaign.correction": N_("began a correction of %(what)s for those who have it"),
    "campaign.decide": N_("decided about doubtful recipients of %(what)s"),
    "campaign.discard": N_("threw away the draft %(what)s"),
    "campaign.export": N_("exported the recipients of %(what)s"),
    "campaign.keep": N_("kept the old version of %(what)s"),
    "campaign.missing": N_("prepared %(what)s for those still missing"),
    "campaign.pause": N_("paused %(what)s"),
    "campaign.reopen": N_("reopened %(what)s for changes"),
    "campaign.resume": N_("let %(what)s go on"),
    "campaign.send": N_("started %(what)s"),
    "campaign.start": N_("started %(what)s"),
    "house.setup": N_("set up the house"),
    "import.discard": N_("discarded %(what)s"),
    "import.start": N_("started %(what)s"),
    "import.undo": N_("undid %(what)s"),
    "list.save": N_("saved %(what)s"),
    "media.trash": N_("moved %(what)s to the trash"),
    "membership.added": N_("gave a role to %(what)s on the command line"),
    "password.change": N_("changed the own password"),
    "password.first": N_("set the first password"),
    "password.reset": N_("reset the own password"),
    "rate.remove": N_("removed the rate of %(what)s"),
    "rate.set": N_("set a rate for %(what)s"),
    "relay.change": N_("changed %(what)s"),
    "relay.close": N_("let mails go through %(what)s again"),
    "relay.closed": N_("found that %(what)s takes mails again"),
    "relay.create": N_("added %(what)s"),
    "relay.delete": N_("deleted %(what)s"),
    "relay.move": N_("moved %(what)s in the order"),
    "relay.opened": N_("found that %(what)s does not take mails any more"),
    "role.create": N_("created %(what)s"),
    "role.limits": N_("changed the volume limits of %(what)s"),
    "role.permissions": N_("changed the rights of %(what)s"),
    "role.rename": N_("renamed %(what)s"),
    "dkim.make": N_("made a DKIM key for %(what)s"),
    "dkim.off": N_("switched off a DKIM key of %(what)s"),
    "dkim.on": N_("switched on a DKIM key of %(what)s"),
    "dkim.remove": N_("removed a DKIM key of %(what)s"),
    "sender.add": N_("added %(what)s as sender"),
    "sender.proved": N_("found %(what)s proved by DNS"),
    "sender.vouch": N_("vouched for %(what)s"),
    "sender.withdraw": N_("withdrew %(what)s as sender"),
    "sign_in": N_("signed in"),
    "subscriber.change": N_("changed %(what)s"),
    "subscriber.erase": N_("erased a subscriber"),
    "subscriber.export": N_("gave out the data of %(what)s"),
    "subscriber.lists": N_("changed the lists of %(what)s"),
    "subscriber.lock": N_("set a mailing lock on %(what)s"),
    "subscriber.unlock": N_("lifted the mailing lock on %(what)s"),
    "suppression.add": N_("put an address on the suppression list"),
    "suppression.import": N_("imported addresses into the suppression list"),
    "suppression.remove": N_("took an address off the suppression list"),
    "suppression.rule": N_("wrote a rule of the suppression list"),
    "suppression.unrule": N_("removed a rule of the suppression list"),
    "field.delete": N_("deleted %(what)s"),
    "field.save": N_("saved %(what)s"),
    "list.delete": N_("deleted %(what)s"),
    "note.add": N_("wrote a note about %(what)s"),
    "note.remove": N_("removed a note about %(what)s"),
    "organisation.change": N_("changed %(what)s"),
    "organisation.delete": N_("deleted %(what)s"),
    "organisation.lock": N_("set a mailing lock on %(what)s"),
    "organisation.unlock": N_("lifted the mailing lock on %(what)s"),
    "segment.delete": N_("deleted %(what)s"),
    "segment.export": N_("exported the people of %(what)s"),
    "segment.freeze": N_("froze the people of %(what)s"),
    "segment.save": N_("saved %(what)s"),
    "segment.thaw": N_("let %(what)s follow its conditions again"),
    "status.set": N_("set a status of %(what)s"),
    "track.delete": N_("deleted %(what)s"),
    "track.save": N_("saved %(what)s"),
    "duty.give": N_("gave a duty over this tenant and those below to %(what)s"),
    "duty.take": N_("ended a duty of %(what)s"),
    "release.give": N_("released %(what)s to other tenants"),
    "release.copy": N_("copied %(what)s from another tenant"),
    "release.recall": N_("recalled the release of %(what)s"),
    "second.off": N_("switched the second factor off"),
    "second.on": N_("switched the second factor on"),
    "support.enter": N_("entered as support"),
    "support.leave": N_("left as support"),
    "tenant.blueprint": N_("changed whether the tenant is a blueprint"),
    "tenant.delete": N_("planned the deletion of the tenant"),
    "tenant.deleted": N_("deleted the tenant"),
    "tenant.export": N_("exported all data of the tenant"),
    "tenant.host": N_("changed the web address of the tenant"),
    "tenant.keep": N_("took the deletion of the tenant back"),
    "tenant.test": N_("changed whether the tenant is for tests"),
    "tenant.found": N_("founded the tenant"),
    "tenant.settings": N_("changed the settings of the tenant"),
    "tenant.status": N_("changed the state of the tenant"),
    "type.save": N_("saved %(what)s"),
    "user.activate": N_("opened the access of %(what)s again"),
    "user.deactivate": N_("ended the access of %(what)s"),
    "user.invite": N_("invited %(what)s"),
    "user.roles": N_("changed the roles of %(what)s"),
}
AREAS: dict[str, str] = {  # the part of an act before the dot, as a filter
    "approval": N_("Approvals"),
    "article": N_("Articles"),
    "campaign": N_("Mailings"),
    "import": N_("Imports"),
    "list": N_("Distribution lists"),
    "media": N_("Media"),
    "relay": N_("Mail servers"),
    "release": N_("Releases"),
    "role": N_("Roles"),
    "dkim": N_("DKIM keys"),
    "sender": N_("Sender domains"),
    "subscriber": N_("Subscribers"),
    "suppression": N_("Suppression list"),
    "tenant": N_("Tenant"),
    "field": N_("Own fields"),
    "organisation": N_("Customers"),
    "segment": N_("Segments"),
    "support": N_("Support"),
    "limits": N_("Limits"),
    "type": N_("Newsletter types"),
    "user": N_("People"),
}
_THINGS: dict[
    str, tuple[str, str, type[Model] | None, str]
] = {  # kind → with a name, without, table, its column
    "article": (N_("the article “%(name)s”"), N_("article %(id)s"), Article, "title"),
    "asset": (N_("the file “%(name)s”"), N_("file %(id)s"), None, ""),
    "campaign": (N_("the mailing “%(name)s”"), N_("mailing %(id)s"), Campaign, "name"),
    "domain": (N_("the domain %(name)s"), N_("a domain"), None, ""),
    "import": (N_("the import of “%(name)s”"), N_("import %(id)s"), None, ""),
    "issue": (N_("the issue “%(name)s”"), N_("issue %(id)s"), Issue, "name"),
    "list": (N_("the list “%(name)s”"), N_("list %(id)s"), DistributionList, "name"),
    "relay": (N_("the mail server “%(name)s”"), N_("mail server %(id)s"), None, ""),
    "robinson": (N_("the Robinson list"), N_("the Robinson list"), None, ""),
    "folder": (N_("the folder “%(name)s”"), N_("folder %(id)s"), None, ""),
    "segment": (N_("the segment “%(name)s”"), N_("segment %(id)s"), None, ""),
    "template": (N_("the template “%(name)s”"), N_("template %(id)s"), None, ""),
    "role": (N_("the role %(name)s"), N_("role %(id)s"), Role, "name"),
    "subscriber": (N_("the subscriber %(name)s"), N_("subscriber %(id)s"), None, ""),
    "type": (N_("the newsletter type “%(name)s”"), N_("newsletter type %(id)s"), NewsletterType, "name"),
    "user": ("%(name)s", N_("person %(id)s"), User, "name"),
}
_SETTINGS: dict[str, str] = {
    "name": N_("Name"), "sender_name": N_("Sender name"), "sender_address": N_("Sender address"),
    "reply_to": N_("Replies to"), "imprint": N_("Imprint"), "privacy_url": N_("Privacy page"), "colour": N_("Colour"),
    "language": N_("Language"), "time_zone": N_("Time zone"), "approval_self": N_("Own work"),
}  # fmt: skip
_WINDOWS = {
    "campaign": N_("Per mailing"), "hour": N_("Per hour"), "day": N_("Per day"), "month": N_("Per month"),
}  # fmt: skip
_SHORT = 80


@dataclass(frozen=True)
class Told:
    """An entry for the page: who, what in words, and lines about what changed."""

    entry: AuditEntry
    who: str
    text: str
    lines: list[str]


def tell(entries: list[AuditEntry]) -> list[Told]:
    """The entries in the reader's language; the names of all of them are looked up together."""
    people = policy.names(e.user_id for e in entries)
    named = _names(entries)
    roles = _role_names(entries)
    return [
        Told(
            e,
            people.get(e.user_id, gettext("somebody who is gone") if e.user_id else "Rundbrief"),
            gettext(ACTS[e.act], what=_what(e, named)) if e.act in ACTS else f"{e.act}: {_what(e, named)}",
            _lines(e, roles),
        )
        for e in entries
    ]


def _what(entry: AuditEntry, named: dict[tuple[str, int], str]) -> str:
    with_name, without, _table, _column = _THINGS.get(entry.kind, ("%(name)s", "%(id)s", None, ""))
    name = (
        named.get((entry.kind, entry.object_id))
        or entry.details.get("file")
        or entry.details.get("domain")
        or (entry.details.get("name") if entry.kind == "relay" else None)
    )
    return gettext(with_name, name=name) if name else gettext(without, id=entry.object_id or "")


def _names(entries: list[AuditEntry]) -> dict[tuple[str, int], str]:
    """(kind, id) → name, one query per kind; a starter role has its translated name."""
    found: dict[tuple[str, int], str] = {}
    for kind, (_with, _without, table, column) in _THINGS.items():
        ids = {e.object_id for e in entries if e.kind == kind and e.object_id}
        if not ids or table is None:
            continue
        query = table.select(table.id, getattr(table, column)).where(table.id.in_(ids))
        if table not in (User, Role):
            query = query.where(table.tenant_id == g.tenant.id)
        found.update({(kind, row[0]): gettext(row[1]) if table is Role else row[1] for row in query.tuples()})
    return found


def _role_names(entries: list[AuditEntry]) -> dict[int, str]:
    ids = {
        role_id
        for e in entries
        if e.act == "user.roles"
        for side in ("before", "after")
        for role_id in e.details[side]
    }
    return {
        r.id: gettext(r.name) if r.starter else r.name for r in Role.select().where(Role.id.in_(ids or [0]))
    }


def _lines(entry: AuditEntry, roles: dict[int, str]) -> list[str]:
    details = entry.details
    if entry.act == "role.permissions":
        return _difference(
            details, lambda word: gettext(SENTENCES[Permission(word)]) if word in set(Permission) else word
        )
    if entry.act == "user.roles":
        return _difference(details, lambda role_id: roles.get(role_id, str(role_id)))
    if entry.act == "role.limits":
        windows = [w for w in _WINDOWS if details["before"].get(w) != details["after"].get(w)]
        return [
            _change(gettext(_WINDOWS[w]), details["before"].get(w), details["after"].get(w)) for w in windows
        ]
    if entry.act == "tenant.settings":
        return [_change(gettext(_SETTINGS.get(key, key)), *pair) for key, pair in details.items()]
    if entry.act in ("tenant.status", "role.rename"):
        return [_change("", details["before"], details["after"])]
    told = [details.get(key) for key in ("reason", "remark", "role", "selector") if details.get(key)]
    return [gettext("“%(text)s”", text=_short(text)) for text in told]


def _difference(details: dict[str, Any], name: Any) -> list[str]:
    before, after = details["before"], details["after"]
    return [
        *(gettext("added: %(what)s", what=name(item)) for item in after if item not in before),
        *(gettext("taken away: %(what)s", what=name(item)) for item in before if item not in after),
    ]


def _change(label: str, before: object, after: object) -> str:
    text = f"{_short(before)} → {_short(after)}"
    return f"{label}: {text}" if label else text


def _short(value: object) -> str:
    if value is None or value == "":
        return "–"
    text = gettext({True: N_("yes"), False: N_("no")}[value]) if isinstance(value, bool) else str(value)
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def areas() -> Iterable[tuple[str, str]]:
    """(key, word) of the filter, by word."""
    return sorted(((key, gettext(word)) for key, word in AREAS.items()), key=lambda pair: pair[1].casefold())
