"""Which mail server takes a recipient domain's mail (its best MX), remembered so that a rate may name the server.

Filled by the work process (dispatcher.jobs.mailhosts), and only while a rate names mail servers.
"""

from collections.abc import Collection, Sequence

from domain import clock
from domain.senders.models import DomainRate, MailHost

PREFIX = "mx:"  # of a rate's pattern that means the mail server
FRESH_S = 7 * 86_400
AGAIN_S = 3_600  # after a look that got no answer


def patterns() -> list[str]:
    """The rates that name mail servers."""
    rows = DomainRate.select(DomainRate.pattern).where(DomainRate.pattern.startswith(PREFIX))
    return [row[0] for row in rows.order_by(DomainRate.pattern).tuples()]


def by_pattern(patterns: Sequence[str]) -> dict[str, str]:
    """Domain → the pattern that its mail server meets, the most exact one; domains that meet none are absent."""
    found: dict[str, str] = {}
    for pattern in sorted(patterns, key=len):  # a longer one is the more exact one
        name = pattern.removeprefix(PREFIX)
        meets = MailHost.mx.endswith(name[1:]) if name.startswith("*.") else MailHost.mx == name
        found |= dict.fromkeys(
            (row[0] for row in MailHost.select(MailHost.domain).where(meets).tuples()), pattern
        )
    return found


def learn(domains: Collection[str]) -> None:
    """Take in domains that nobody has looked up; those known stay as they are."""
    rows = [{"domain": domain} for domain in sorted(domains)]
    if rows:
        MailHost.insert_many(rows).on_conflict_ignore().execute()


def due(limit: int) -> list[str]:
    """Domains to be looked up, those never looked up first."""
    rows = MailHost.select(MailHost.domain).where(MailHost.looked_at <= clock.epoch() - FRESH_S)
    return [row[0] for row in rows.order_by(MailHost.looked_at, MailHost.domain).limit(limit).tuples()]


def note(domain: str, mx: str | None) -> None:
    """What DNS says; "": it has no mail server of its own. None: nobody answered, asked again in an hour."""
    now = clock.epoch()
    if mx is None:
        change = MailHost.update(looked_at=now - FRESH_S + AGAIN_S)
    else:
        change = MailHost.update(mx=mx[:255].lower(), looked_at=now)
    change.where(MailHost.domain == domain).execute()
