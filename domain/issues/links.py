"""Links of issues and what became of them when somebody followed them. The row is the truth: `waiting` ones are due."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from urllib.parse import urldefrag

from domain import clock
from domain.db import database, unscoped
from domain.issues import assembly
from domain.issues.models import Issue, LinkCheck, LinkState

FRESH_S = 6 * 3600  # a link that worked is believed so long
AGAIN_S = 600  # one that did not is tried again after this
MOST = 200  # links of one issue that are followed
_FILLED = re.compile(r"\[[^\]]*\]|\{\{")


def plain(url: str) -> str:
    """The address that is asked for: without its fragment."""
    return urldefrag(url.strip())[0]


def leave_bare(issue: Issue, url: str, bare: bool) -> None:
    """Let an address of the issue stay as it is, without parameters and uncounted, or treat it like the others again;
    raises Conflict as any change of the issue does."""
    left = [known for known in issue.bare_links or [] if known != url]
    assembly.changed(issue, bare_links=[*left, url][-MOST:] if bare else left)


def standing(tenant_id: int, urls: Sequence[str]) -> dict[str, LinkCheck]:
    """Plain address → what is known of it; those nobody has asked about are missing."""
    hashes = [_hash(plain(url)) for url in urls]
    query = LinkCheck.select().where(LinkCheck.tenant_id == tenant_id, LinkCheck.url_hash.in_(hashes or [""]))
    return {row.url: row for row in query}


def ask(tenant_id: int, urls: Iterable[str], at_once: bool = False) -> int:
    """Have links followed: new ones, and those whose answer is old (`at_once`: all). Those that hold a placeholder
    differ for everybody and are left out. Returns how many wait now."""
    wanted = {plain(u) for u in urls if not _FILLED.search(u)}
    wanted = {u for u in wanted if u.startswith(("http://", "https://"))}
    asked = sorted(wanted)[:MOST]
    now = clock.now()
    with database.atomic():
        known = standing(tenant_id, asked)
        due = [url for url in asked if url not in known or at_once or _is_old(known[url])]
        for url in due:
            LinkCheck.insert(
                tenant_id=tenant_id, url_hash=_hash(url), url=url, state=LinkState.WAITING, asked_at=now
            ).on_conflict(
                conflict_target=(LinkCheck.tenant_id, LinkCheck.url_hash),
                update={"state": LinkState.WAITING, "asked_at": now},
            ).execute()
    return len(due)


def waiting(limit: int) -> list[LinkCheck]:
    """Links that are due, those that wait longest first."""
    with unscoped("one sweep follows the links of all tenants"):
        query = LinkCheck.select().where(LinkCheck.state == LinkState.WAITING)
        return list(query.order_by(LinkCheck.asked_at, LinkCheck.id).limit(limit))


def settle(row: LinkCheck, state: LinkState, status: int = 0) -> None:
    """Write down what became of a link."""
    LinkCheck.update(state=state, status=status, checked_at=clock.now()).where(
        LinkCheck.tenant_id == row.tenant_id, LinkCheck.id == row.id, LinkCheck.state == LinkState.WAITING
    ).execute()


def forget(days: int = 90) -> None:
    """Drop answers nobody has asked about for long."""
    with unscoped("an upkeep of the house"):
        LinkCheck.delete().where(LinkCheck.asked_at < clock.now() - timedelta(days=days)).execute()


def _is_old(row: LinkCheck) -> bool:
    if row.state == LinkState.WAITING or row.checked_at is None:
        return False
    age_s = (clock.now() - row.checked_at).total_seconds()
    return age_s > (FRESH_S if row.state == LinkState.FINE else AGAIN_S)


def _hash(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()
