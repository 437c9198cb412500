"""Looks up which mail servers take the mail of recipient domains, while a rate names mail servers.

It walks over all subscribers by their ids, some thousand at a time, and begins anew every day; a domain that it has
not come to yet is under no such rate.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dispatcher import senders
from domain.db import database, unscoped
from domain.senders import mailhosts
from domain.subscribers.models import Subscriber

CHUNK = 5_000
LOOKED_UP = 64  # per sweep: other sweeps wait meanwhile
THREADS = 8
ROUND_S = 86_400.0


def sweep_for(settings: Any) -> Callable[[], None]:
    """The sweep; its place among the subscribers is forgotten when the process ends."""
    place, began = 0, time.monotonic()

    def sweep_mail_hosts() -> None:
        nonlocal place, began
        if not mailhosts.patterns():
            return
        if time.monotonic() - began >= ROUND_S:
            place, began = 0, time.monotonic()
        domains, place = _domains(place)
        mailhosts.learn(domains)
        _look_up(mailhosts.due(LOOKED_UP), settings.dns_resolver)

    return sweep_mail_hosts


@unscoped("which domains take mail is a fact of the house; no address leaves")
def _domains(after_id: int) -> tuple[set[str], int]:
    """Domains of the next subscribers behind `after_id` as A-labels, and the last id that was looked at."""
    rows = list(
        Subscriber.select(Subscriber.id, Subscriber.address_key)
        .where(Subscriber.id > after_id)
        .order_by(Subscriber.id)
        .limit(CHUNK)
        .tuples()
    )
    found = set()
    for _, key in rows:
        try:
            found.add((key or "").rpartition("@")[2].encode("idna").decode("ascii").lower())
        except UnicodeError:
            continue
    return found - {""}, rows[-1][0] if rows else after_id


def _look_up(domains: list[str], resolver: str) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(lambda domain: senders.mail_host(domain, resolver), domains))
    with database.atomic():
        for domain, mx in zip(domains, found, strict=True):
            mailhosts.note(domain, mx)
