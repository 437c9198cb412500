"""Opt-in mailings: who got the mail was asked, and that belongs into the history of the consent."""

from __future__ import annotations

import time
from collections.abc import Callable

from domain.campaigns import optin

EVERY_S = 15.0  # whoever confirms faster than that is noted by the confirmation itself


def noting() -> Callable[[], None]:
    """Note the mails that are out, once in a while; a campaign without new ones costs one count."""
    last = -EVERY_S
    seen: dict[int, int] = {}

    def note_asked() -> None:
        nonlocal last
        if time.monotonic() - last < EVERY_S:
            return
        last = time.monotonic()
        for campaign in optin.underway():
            sent = optin.sent_count(campaign)
            if seen.get(campaign.id) != sent:
                optin.note_sent(campaign)
                seen[campaign.id] = sent

    return note_asked
