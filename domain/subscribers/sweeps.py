"""A rule that somebody writes by hand where many people are: it holds at once, and the work process finds whom it hits.

Doors, snapshot and series compare with the rules themselves, and until its sweep has ended a claim does so, too
(ledger.unswept). So nothing is mailed while the rows of the people that the rule hits are still being written.
"""

from collections.abc import Callable, Iterable

from domain import clock
from domain.db import database
from domain.subscribers import rules
from domain.subscribers.hitting import hits
from domain.subscribers.models import Subscriber, SuppressionFile, SuppressionRule

CHUNK = 2_000
AT_ONCE = 2_000  # people up to whom somebody waits for the page
Waiting = Callable[[int], Iterable[str]]  # tenant -> keys of waiting mails that are nobody's address any more


def is_small(tenant_id: int) -> bool:
    """Whether comparing everybody takes no longer than a page may."""
    some = Subscriber.select(Subscriber.id).where(Subscriber.tenant_id == tenant_id).limit(AT_ONCE + 1)
    return bool(some.count() <= AT_ONCE)


def begin(rule: SuppressionRule) -> SuppressionFile:
    """Have a new rule compared with everybody, in the transaction that writes it. The caller nudges the worker."""
    job: SuppressionFile = SuppressionFile.create(
        tenant_id=rule.tenant_id, filename=rule.value[:255], path="", rule_id=rule.id, reason=rule.reason,
        until=rule.until, by_id=rule.by_id or 0, has_rules=True,
    )  # fmt: skip
    rule.sweep_id = job.id
    rule.save()
    return job


def run(job: SuppressionFile, waiting: Waiting) -> None:
    """Write what is still open of the rows of a rule, people first, then keys of mails that wait; the claim stops
    asking the rule in the transaction that ends it. A rule that was removed meanwhile ends it, too."""
    mine = Subscriber.select(Subscriber.id, Subscriber.address_key).where(
        Subscriber.tenant_id == job.tenant_id, Subscriber.address_key.is_null(False)
    )
    if not job.after_id:
        job.people_total = mine.count()
    more = True
    while more:
        rows = list(mine.where(Subscriber.id > job.after_id).order_by(Subscriber.id).limit(CHUNK).tuples())
        with database.atomic():
            rule = _held(job)
            more = bool(rows) and rule is not None
            if rule is not None:
                keys = [key for _id, key in rows] if rows else waiting(job.tenant_id)
                found = [(key, rule) for key in keys if hits(rule.kind, rule.value, key)]
                job.people += rules.write(job.tenant_id, found)
            _note(job, rows[-1][0] if more else job.after_id, len(rows), more)


def _note(job: SuppressionFile, after_id: int, count: int, more: bool) -> None:
    """How far it is; at the end the rule needs nobody to ask it any more."""
    job.after_id, job.owner_beat = after_id, clock.epoch()
    job.people_done += count
    if not more:
        job.state, job.finished_at = "done", clock.now()
        SuppressionRule.update(sweep_id=None).where(
            SuppressionRule.tenant_id == job.tenant_id, SuppressionRule.id == job.rule_id
        ).execute()
    job.save()


def _held(job: SuppressionFile) -> SuppressionRule | None:
    """The rule, locked until the end of the transaction against being removed; None if it was."""
    mine = (SuppressionRule.tenant_id == job.tenant_id, SuppressionRule.id == job.rule_id)
    if not SuppressionRule.update(sweep_id=job.id).where(*mine).execute():
        return None
    return SuppressionRule.get(*mine)
