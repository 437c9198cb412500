"""What the ledger knows of dead addresses and complaints, carried into the suppression list.

Only what the server says of the address itself counts (refusals.HARD): a full mailbox or a spam filter stops nobody.
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from domain import clock
from domain.db import database, sql, unscoped
from domain.ledger import events, refusals
from domain.ledger.models import Delivery, DeliveryEvent
from domain.ledger.states import DeliveryState
from domain.subscribers import automatic
from domain.subscribers.automatic import Cause, Rule

CHUNK = 500
_ENHANCED, _CODES = refusals.hard_codes()
# `state` stands there in figures, so that SQLite uses the partial index
_REFUSED = f"""SELECT d.id, d.tenant_id, d.campaign_id, d.address_key, d.settled_at, d.reply_code,
    d.enhanced, d.reply_text FROM delivery d
    WHERE d.state = {int(DeliveryState.FAILED)} AND d.settled_at >= ? AND d.id > ?
    AND (d.enhanced IN ({", ".join(f"'{code}'" for code in _ENHANCED)})
        OR (d.enhanced IS NULL AND d.reply_code IN ({", ".join(map(str, _CODES))})))
    ORDER BY d.id LIMIT {CHUNK}"""


def stop_refused(since: int) -> int:
    """Suppress the addresses that servers have refused for good since `since` (epoch s), in all tenants; returns how
    many are new on the list. Doing it again changes nothing."""
    count, after = 0, 0
    while rows := _refused(since, after):
        for delivery_id, tenant_id, campaign_id, key, at, code, enhanced, text in rows:
            said = " ".join(str(part) for part in (code, enhanced, text) if part)
            cause = Cause(Rule.REFUSED, campaign_id, delivery_id, at, said)
            count += automatic.stop(tenant_id, key, cause)
        after = rows[-1][0]
    return count


@unscoped("one sweep serves all tenants")
def _refused(
    since: int, after: int
) -> list[tuple[int, int, int, str, int, int | None, str | None, str | None]]:
    return list(database.execute_sql(sql(_REFUSED), [since, after]).fetchall())


def come_back(delivery: Delivery, enhanced: str, said: str) -> bool:
    """A mail that was handed over came back; whether its address is on the list by that. `enhanced`: what the report
    says (5.1.1), `said`: its words."""
    _once(delivery, "bounced", said)
    if not refusals.is_hard(refusals.of(enhanced, None)):
        return False
    return _stop(delivery, Rule.RETURNED, said)


def complained(delivery: Delivery, said: str) -> bool:
    """The reader reported the mail as spam; whether the address is on the list by that."""
    _once(delivery, "complained", said)
    return _stop(delivery, Rule.COMPLAINED, said)


def _stop(delivery: Delivery, rule: Rule, said: str) -> bool:
    if delivery.subscriber_id is None:  # erased meanwhile: only the fingerprint of the address is left
        return False
    cause = Cause(rule, delivery.campaign_id, delivery.id, delivery.settled_at or clock.epoch(), said)
    return automatic.stop(delivery.tenant_id, delivery.address_key, cause)


def _once(delivery: Delivery, kind: str, said: str) -> None:
    known = DeliveryEvent.select().where(
        DeliveryEvent.tenant_id == delivery.tenant_id, DeliveryEvent.delivery_id == delivery.id,
        DeliveryEvent.kind == kind,
    )  # fmt: skip
    if not known.exists():
        detail = said if delivery.subscriber_id is not None else ""
        events.note(delivery.tenant_id, delivery.id, delivery.campaign_id, kind, detail)
