"""Placeholders that are empty for some of the audience, for the strip of the editor.

The strip looks again after every pause in typing, and counting walks over the whole audience: the same question is
asked of the database once a minute, for each person: who is bound to a territory reaches fewer.
"""

import json
import time
from collections.abc import Sequence
from typing import Any

from flask import current_app, g

from dispatcher.preflight import people
from dispatcher.preflight.facts import Facts
from dispatcher.preflight.findings import Findings
from domain.campaigns import fallbacks
from domain.campaigns.models import Campaign

KEPT_S = 60
MOST = 200  # questions in memory


def told(facts: Facts, campaign: Campaign) -> Findings:
    """As the pre-flight tells it, at most a minute old."""
    return people.empty(facts, campaign, _counts)


def _counts(campaign: Campaign, names: Sequence[str]) -> dict[str, int]:
    known: dict[Any, tuple[float, dict[str, int]]] = current_app.extensions.setdefault("gaps", {})
    asked = (
        g.user.id, campaign.tenant_id, campaign.id, campaign.type_id, tuple(sorted(names)),
        json.dumps(campaign.audience, sort_keys=True, default=str),
    )  # fmt: skip
    now = time.monotonic()
    at, found = known.get(asked, (now - KEPT_S, {}))
    if now - at < KEPT_S:
        return found
    if len(known) >= MOST:
        known.clear()
    found = fallbacks.counts(campaign, names)
    known[asked] = (now, found)
    return found
