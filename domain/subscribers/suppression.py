"""The Robinson list of a tenant: addresses nobody may mail, in clear or as keyed hash, and the rules that hit more.

One row per address in Suppression is what snapshot and claim join. Entries leave only with a reason, and every
coming and going stays in SuppressionEvent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import SQL, Field, IntegrityError, Model

from domain import bounds, clock
from domain.audit import log
from domain.db import among, database, sql
from domain.errors import N_, Invalid, NotFound
from domain.releases import robinson
from domain.subscribers import addresses, keyset, rules, sweeps, words
from domain.subscribers.models import (
    Deliverability,
    Subscriber,
    Suppression,
    SuppressionEvent,
    SuppressionRule,
)
from domain.tenancy import tree

PREVIEWED = 1_000  # people counted before a rule is written; above it is "more than"
BLOCKED_AN_HOUR = 200  # refused sign-ups noted per tenant, so that a flood does not fill the table


@dataclass(frozen=True)
class Mail:
    """Of an entry that nobody wrote by hand: the rule (subscribers.automatic), and the mail that it looked at."""

    rule: str
    campaign_id: int
    delivery_id: int


def is_suppressed(tenant_id: int, key: str) -> bool:
    """Whether the address may not be mailed now, by an entry or a rule."""
    return bool(stopped(tenant_id, [key]))


def stopped(tenant_id: int, keys: Iterable[str]) -> set[str]:
    """Those of `keys` that may not be mailed now, by the own list or one that another tenant released."""
    return stopped_of(tenant_id, {addresses.hash_of(key, tenant_id): key for key in keys})


def stopped_of(tenant_id: int, by_hash: Mapping[str, str]) -> set[str]:
    """The same of addresses whose keyed hash is known: hash → address key."""
    one_of, bound = among("address_hash", list(by_hash))
    rows = Suppression.select(Suppression.address_hash).where(
        Suppression.tenant_id == tenant_id, SQL(sql(one_of), bound), _holds()
    )
    found = {by_hash[row[0]] for row in rows.tuples()} | rules.matching(tenant_id, by_hash.values()).keys()
    for giver in robinson.holding(tree.get(tenant_id)):
        found |= _listed(giver, by_hash.values()) | rules.matching(giver, by_hash.values()).keys()
    return found


def _listed(giver: int, keys: Iterable[str]) -> set[str]:
    """Those of `keys` that stand on another tenant's list, which is only asked by address."""
    one_of, bound = among("address_key", list(keys))
    rows = Suppression.select(Suppression.address_key).where(
        Suppression.tenant_id == giver, SQL(sql(one_of), bound), _holds()
    )
    return {key for (key,) in rows.tuples()}


def _holds() -> Any:
    return Suppression.until.is_null() | (Suppression.until > clock.now())


def recognise(tenant_id: int, key: str) -> None:
    """An address came (back) to the house: an entry that an erasure left as a hash only gets its address again, and
    what rules hit gets its row, since the audience is computed by address, set-wise."""
    for row in _entries(tenant_id, [key]).values():
        if row.address_key is None:
            row.address_key = key
            row.save()
    rules.resolve(tenant_id, [key])


def entry(tenant_id: int, key: str) -> Suppression | None:
    """The entry that stops this address now."""
    return _entries(tenant_id, [key]).get(key)


def add(
    tenant_id: int,
    address: str,
    reason: str,
    by_id: int | None = None,
    source: str = "manual",
    until: datetime | None = None,
    mail: Mail | None = None,
) -> bool:
    """Put an address on the list; False if it stands there already. Raises BadAddress."""
    key = addresses.key_of(address)
    digest = addresses.hash_of(key, tenant_id)
    reason = words.one_line(reason, 300)
    now = clock.now()
    with database.atomic():
        found = Suppression.get_or_none(
            Suppression.tenant_id == tenant_id, Suppression.address_hash == digest
        )
        if found is not None and found.source != "rule" and (found.until is None or found.until > now):
            return False
        row = found or Suppression(tenant_id=tenant_id, address_hash=digest)
        if found is not None and found.rule_id is not None:
            ruled = found.until
            row.own_until = until
            row.until = None if ruled is None or until is None else max(ruled, until)
        else:
            row.until = until
        row.address_key, row.reason, row.source, row.by_id, row.created_at = key, reason, source, by_id, now
        row.auto = mail.rule if mail else ""
        row.campaign_id, row.delivery_id = (mail.campaign_id, mail.delivery_id) if mail else (None, None)
        try:
            with database.atomic():
                row.save()
        except IntegrityError:  # the same address was added in this moment
            return False
        _note(tenant_id, "added", "address", key, reason, source, by_id, mail)
        # the words of a server may hold the address, and the log outlives an erasure
        told = {"rule": mail.rule, "campaign": mail.campaign_id, "mail": mail.delivery_id} if mail else {}
        log.record(
            tenant_id, "suppression.add", user_id=by_id, kind="suppression", object_id=row.id,
            details={"reason": "" if mail else reason, "before": None, "after": _said(row), **told},
        )  # fmt: skip
    return True


def add_rule(
    tenant_id: int,
    asked: rules.Asked,
    reason: str,
    by_id: int | None = None,
    source: str = "manual",
    until: datetime | None = None,
    waiting: sweeps.Waiting = lambda _tenant_id: (),
) -> SuppressionRule | None:
    """Write a rule; None if it stands there. It holds from the commit on. In a small house it is resolved here to the
    people it hits and to the address keys of `waiting` mails, in a large one by a sweep (the rule's `sweep_id`), for
    which the caller nudges the worker."""
    bounds.refuse_beyond()
    reason = words.one_line(reason, 300)
    with database.atomic():
        try:
            with database.atomic():
                rule = SuppressionRule.create(
                    tenant_id=tenant_id, kind=asked.kind, value=asked.value, reason=reason, source=source,
                    by_id=by_id, until=until,
                )  # fmt: skip
        except IntegrityError:
            return None
        if sweeps.is_small(tenant_id):
            count = rules.apply(rule, waiting(tenant_id))
        else:
            count = None  # nobody knows yet
            sweeps.begin(rule)
        _note(tenant_id, "added", asked.kind, asked.value, reason, source, by_id)
        log.record(
            tenant_id, "suppression.rule", user_id=by_id, kind="suppression", object_id=rule.id,
            details={
                "kind": asked.kind, "value": asked.value, "reason": reason, "people": count, "before": None,
                "after": {"rule": asked.value, "until": until and until.isoformat()},
            },
        )  # fmt: skip
    return rule


def remove(tenant_id: int, entry_id: int, reason: str, user_id: int) -> None:
    """Take an address off the list; raises NotFound, or Invalid without a reason. A rule that hits it stays."""
    row = get(tenant_id, entry_id)
    reason = _reason(reason)
    with database.atomic():
        row.delete_instance()
        if row.address_key:
            rules.resolve(tenant_id, [row.address_key])
        if row.address_key and row.source == "bounce":  # whoever may be mailed again is tried again
            Subscriber.update(deliverability=Deliverability.ACTIVE).where(
                Subscriber.tenant_id == tenant_id, Subscriber.address_key == row.address_key,
                Subscriber.deliverability == Deliverability.BOUNCED,
            ).execute()  # fmt: skip
        shown = row.address_key or row.address_hash
        _note(tenant_id, "removed", "address", shown, reason, row.source, user_id)
        log.record(
            tenant_id, "suppression.remove", user_id=user_id, kind="suppression", object_id=entry_id,
            details={"reason": reason, "before": _said(row), "after": None},
        )  # fmt: skip


def remove_rule(tenant_id: int, rule_id: int, reason: str, user_id: int) -> None:
    """Take a rule back with what it wrote; raises NotFound, or Invalid without a reason."""
    bounds.refuse_beyond()
    rule = get_rule(tenant_id, rule_id)
    reason = _reason(reason)
    with database.atomic():
        rule.delete_instance()  # first: waits for a sweep that writes rows of the rule just now
        free = rules.withdraw(rule)
        rules.resolve(tenant_id, free)
        _note(tenant_id, "removed", rule.kind, rule.value, reason, rule.source, user_id)
        log.record(
            tenant_id, "suppression.unrule", user_id=user_id, kind="suppression", object_id=rule_id,
            details={
                "kind": rule.kind, "value": rule.value, "reason": reason,
                "before": {"rule": rule.value, "until": rule.until and rule.until.isoformat()}, "after": None,
            },
        )  # fmt: skip


def add_erased(tenant_id: int, key: str, reason: str, by_id: int | None = None) -> None:
    """Keep only the keyed hash of an erased address, so that it never comes back unseen."""
    digest = addresses.hash_of(key, tenant_id)
    Suppression.update(auto="", campaign_id=None, delivery_id=None, reason=reason[:300]).where(
        Suppression.tenant_id == tenant_id, Suppression.address_hash == digest, Suppression.auto != ""
    ).execute()
    query = Suppression.update(
        address_key=None, until=None, source="erasure", rule_id=None, own_until=None
    ).where(Suppression.tenant_id == tenant_id, Suppression.address_hash == digest)
    if not query.execute():
        Suppression.create(
            tenant_id=tenant_id, address_hash=digest, reason=reason[:300], source="erasure", by_id=by_id
        )


def block(tenant_id: int, key: str, form: str) -> None:
    """Note a refused sign-up, masked; at most BLOCKED_AN_HOUR."""
    since = clock.moment(clock.epoch() - 3_600)
    lately = SuppressionEvent.select(SuppressionEvent.id).where(
        SuppressionEvent.tenant_id == tenant_id,
        SuppressionEvent.act == "blocked",
        SuppressionEvent.at > since,
    )
    if lately.limit(BLOCKED_AN_HOUR).count() < BLOCKED_AN_HOUR:
        _note(tenant_id, "blocked", "address", addresses.masked(key), "", form[:20], None)


def get(tenant_id: int, entry_id: int) -> Suppression:
    """An entry of the tenant that is its own, not a rule's; raises NotFound."""
    found = Suppression.get_or_none(
        Suppression.tenant_id == tenant_id, Suppression.id == entry_id, Suppression.source != "rule",
        _visible(tenant_id, Suppression, Suppression.address_key),
    )  # fmt: skip
    if found is None:
        raise NotFound
    return found


def get_rule(tenant_id: int, rule_id: int) -> SuppressionRule:
    """A rule of the tenant; raises NotFound."""
    found = SuppressionRule.get_or_none(SuppressionRule.tenant_id == tenant_id, SuppressionRule.id == rule_id)
    if found is None:
        raise NotFound
    return found


def entries(tenant_id: int, text: str = "", cursor: str = "") -> keyset.Slice:
    """A page of addresses, newest first; `text` is a whole address or how it begins."""
    query = Suppression.select().where(
        Suppression.tenant_id == tenant_id, Suppression.source != "rule",
        _visible(tenant_id, Suppression, Suppression.address_key),
    )  # fmt: skip
    text = text.strip().casefold()
    if "@" in text and "." in text.rpartition("@")[2]:
        try:
            digest = addresses.hash_of(addresses.key_of(text), tenant_id)
            query = query.where(
                (Suppression.address_hash == digest) | Suppression.address_key.startswith(text)
            )
        except addresses.BadAddress:
            query = query.where(Suppression.address_key.startswith(text))
    elif text:
        query = query.where(Suppression.address_key.contains(text))
    return keyset.cut(query, Suppression.id, Suppression.id, cursor, descending=True)


def rule_page(tenant_id: int, text: str = "", cursor: str = "") -> keyset.Slice:
    """A page of rules, newest first."""
    query = SuppressionRule.select().where(SuppressionRule.tenant_id == tenant_id)
    if text.strip():
        query = query.where(SuppressionRule.value.contains(text.strip().casefold()))
    return keyset.cut(query, SuppressionRule.id, SuppressionRule.id, cursor, descending=True)


def events(tenant_id: int, blocked: bool, cursor: str = "") -> keyset.Slice:
    """A page of the history, or of the refused sign-ups; newest first."""
    query = SuppressionEvent.select().where(
        SuppressionEvent.tenant_id == tenant_id, _visible(tenant_id, SuppressionEvent, SuppressionEvent.shown)
    )
    query = query.where(
        SuppressionEvent.act == "blocked"
        if blocked
        else SuppressionEvent.act.in_(["added", "removed", "ended"])
    )
    return keyset.cut(query, SuppressionEvent.id, SuppressionEvent.id, cursor, descending=True)


def _visible(tenant_id: int, model: type[Model], address: Field) -> Any:
    """To somebody bound to a territory: what he wrote, and what concerns an address of his people."""
    bound = bounds.current()
    if bound is None:
        return True
    keys = Subscriber.select(Subscriber.address_key).where(
        Subscriber.tenant_id == tenant_id, Subscriber.address_key.is_null(False)
    )
    return (model.by_id == bound.user_id) | address.in_(keys)


def _entries(tenant_id: int, keys: Iterable[str]) -> dict[str, Suppression]:
    by_hash = {addresses.hash_of(key, tenant_id): key for key in keys}
    one_of, bound = among("address_hash", list(by_hash))
    rows = Suppression.select().where(
        Suppression.tenant_id == tenant_id,
        SQL(sql(one_of), bound),
        _holds(),
    )
    return {by_hash[row.address_hash]: row for row in rows}


def _note(
    tenant_id: int, act: str, kind: str, shown: str, reason: str, source: str, by_id: int | None,
    mail: Mail | None = None,
) -> None:  # fmt: skip
    SuppressionEvent.create(
        tenant_id=tenant_id, act=act, kind=kind, shown=shown[:320], reason=reason, source=source[:20], by_id=by_id,
        auto=mail.rule if mail else "", campaign_id=mail.campaign_id if mail else None,
        delivery_id=mail.delivery_id if mail else None,
    )  # fmt: skip


def _said(row: Suppression) -> dict[str, str | None]:
    """An entry for the log: masked, since the log outlives an erasure."""
    shown = addresses.masked(row.address_key) if row.address_key else None
    return {"address": shown, "until": row.until and row.until.isoformat()}


def _reason(text: str) -> str:
    text = words.one_line(text, 300)
    if not text:
        raise Invalid(fields={"reason": N_("Write why. The reason stays in the history.")})
    return text
