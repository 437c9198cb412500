"""Two people who are one (domain.campaigns.alike suggests them), merged by somebody of the house.

Merging raises no consent: what was given for one address does not hold for another, and who has signed off anywhere has
signed off. Stands above the ledger, because the mails received follow.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from domain import bounds, clock
from domain.audit import log
from domain.campaigns import enrolled, erasure, unmerging
from domain.db import database, sql
from domain.errors import N_, Invalid
from domain.subscribers import consent, directory, types, words
from domain.subscribers.consent import Trace
from domain.subscribers.facets import fields
from domain.subscribers.facets.models import Holder
from domain.subscribers.models import Consent, ConsentEvent, Deliverability, Subscriber, Subscription

PLAIN = (
    "salutation", "title", "first_name", "last_name", "organisation_id", "function", "language", "street", "postcode",
    "city", "region", "country", "birthday", "category",
)  # fmt: skip


def differing(keep: Subscriber, drop: Subscriber) -> list[str]:
    """The fields in which both have a value and not the same one: somebody must choose."""
    return [name for name in PLAIN if getattr(keep, name) and getattr(drop, name)
            and getattr(keep, name) != getattr(drop, name)]  # fmt: skip


def merge(
    keep: Subscriber, drop: Subscriber, theirs: Iterable[str], user_id: int, their_address: bool = False
) -> Subscriber:
    """Make one of two people: `theirs` are the fields whose value is taken from `drop`, empty ones are filled in any
    case; with `their_address` the address of `drop` stays. Lists, notes, tags, history and mails follow. For a
    while it can be undone (campaigns.unmerging). Raises Invalid for one person alone."""
    bounds.refuse_beyond()
    if keep.tenant_id != drop.tenant_id or keep.id == drop.id:
        raise Invalid(N_("Choose two different people."))
    tenant_id, chosen = keep.tenant_id, set(theirs)
    with database.atomic():
        has_theirs = bool(drop.address_key) and (their_address or not keep.address_key)
        noted = unmerging.capture(keep, drop, user_id)
        states = _states(keep, drop, has_theirs)
        for name in PLAIN:
            if getattr(drop, name) and (name in chosen or not getattr(keep, name)):
                setattr(keep, name, getattr(drop, name))
        keep.fields = {**(drop.fields or {}), **(keep.fields or {})}
        _stricter(keep, drop, has_theirs)
        _move(tenant_id, keep.id, drop.id)
        address = (drop.address, drop.address_key) if has_theirs else (keep.address, keep.address_key)
        erasure.forget(tenant_id, [drop.id])
        keep.address, keep.address_key = address
        keep.folded = words.folded(keep.first_name, keep.last_name, keep.address)
        keep.updated_at = clock.now()
        keep.save()
        fields.reserve(tenant_id, Holder.SUBSCRIBER, keep.id, keep.fields)
        _subscribe(keep, states, user_id)
        unmerging.seal(noted)
        log.record(
            tenant_id, "subscriber.merge", user_id=user_id, kind="subscriber", object_id=keep.id,
            details={"merged": drop.id},
        )  # fmt: skip
    return keep


def _states(keep: Subscriber, drop: Subscriber, has_theirs: bool) -> dict[int, tuple[str, Any, str]]:
    """Type → (state afterwards, since when, state of `keep` before). Who signed off anywhere has signed off; otherwise
    only what was given for the address that stays."""
    mine = {kind.id: row for kind, row in directory.subscriptions(keep)}
    others = {kind.id: row for kind, row in directory.subscriptions(drop)}
    first = others if has_theirs else mine
    found = {}
    for type_id in {*mine, *others}:
        rows = [row for row in (mine.get(type_id), others.get(type_id)) if row is not None]
        before = mine[type_id].consent if type_id in mine else ""
        off = next((row for row in rows if row.consent == Consent.REVOKED), None)
        stays = off or first.get(type_id)
        if stays is not None:
            found[type_id] = (str(stays.consent), stays.changed_at, before)
    return found


def _subscribe(keep: Subscriber, states: Mapping[int, tuple[str, Any, str]], user_id: int) -> None:
    Subscription.delete().where(
        Subscription.tenant_id == keep.tenant_id, Subscription.subscriber_id == keep.id
    ).execute()
    for type_id, (state, since, before) in states.items():
        Subscription.create(
            tenant_id=keep.tenant_id, subscriber_id=keep.id, type_id=type_id, consent=state, changed_at=since
        )
        if state == Consent.REVOKED and before not in ("", Consent.REVOKED):
            kind = types.get(keep.tenant_id, type_id)
            trace = Trace(form="merge", by_id=user_id)
            consent.record(keep, kind, "revoke", Consent(before), Consent.REVOKED, trace)


def _stricter(keep: Subscriber, drop: Subscriber, has_theirs: bool) -> None:
    """A lock or an objection of either stays; the deliverability is that of the address that stays, stopped by hand
    wins."""
    keep.unmeasured = keep.unmeasured or drop.unmeasured
    if drop.locked_reason and not keep.locked_reason:
        for name in ("locked_reason", "locked_until", "locked_at", "locked_by_id"):
            setattr(keep, name, getattr(drop, name))
    if has_theirs:
        keep.deliverability, other = drop.deliverability, keep.deliverability
    else:
        other = drop.deliverability
    if other == Deliverability.STOPPED:
        keep.deliverability = Deliverability.STOPPED


def _move(tenant_id: int, keep_id: int, drop_id: int) -> None:
    """What hangs on the one moves to the other, unless that has it already."""
    ConsentEvent.update(subscriber_id=keep_id).where(
        ConsentEvent.tenant_id == tenant_id, ConsentEvent.subscriber_id == drop_id
    ).execute()
    for statement in (
        "UPDATE delivery SET subscriber_id = ? WHERE tenant_id = ? AND subscriber_id = ?",
        "UPDATE note SET holder_id = ? WHERE tenant_id = ? AND holder = 'subscriber' AND holder_id = ?",
        """INSERT INTO list_member (list_id, tenant_id, subscriber_id) SELECT m.list_id, m.tenant_id, {keep}
        FROM list_member m WHERE m.tenant_id = ? AND m.subscriber_id = ? ON CONFLICT DO NOTHING""",
        """INSERT INTO segment_member (segment_id, tenant_id, subscriber_id) SELECT m.segment_id, m.tenant_id, {keep}
        FROM segment_member m WHERE m.tenant_id = ? AND m.subscriber_id = ? ON CONFLICT DO NOTHING""",
        """INSERT INTO unticked (campaign_id, by_id, at, tenant_id, subscriber_id)
        SELECT m.campaign_id, m.by_id, m.at, m.tenant_id, {keep} FROM unticked m
        WHERE m.tenant_id = ? AND m.subscriber_id = ? ON CONFLICT DO NOTHING""",
        """INSERT INTO tagging (tag_id, holder, tenant_id, holder_id) SELECT m.tag_id, m.holder, m.tenant_id, {keep}
        FROM tagging m WHERE m.tenant_id = ? AND m.holder = 'subscriber' AND m.holder_id = ? ON CONFLICT DO NOTHING""",
        """INSERT INTO standing (track_id, value_id, holder, by_id, at, tenant_id, holder_id)
        SELECT m.track_id, m.value_id, m.holder, m.by_id, m.at, m.tenant_id, {keep} FROM standing m
        WHERE m.tenant_id = ? AND m.holder = 'subscriber' AND m.holder_id = ? ON CONFLICT DO NOTHING""",
        *enrolled.MOVES,
    ):
        bound = [keep_id, tenant_id, drop_id] if statement.startswith("UPDATE") else [tenant_id, drop_id]
        database.execute_sql(sql(statement.format(keep=int(keep_id))), bound)
