"""Deliveries as the dispatcher sees them: tuples. Standard library only, so that the hot path may import it."""

from typing import NamedTuple


class Row(NamedTuple):
    """A claimed delivery; `values` by placeholder name (None: they cannot be read), `queued_at` epoch seconds.
    `returned`: how many of its attempts came to nothing before a server was asked."""

    delivery_id: int
    attempt: int
    address: str
    values: dict[str, str] | None
    queued_at: int
    returned: int


class Settlement(NamedTuple):
    """What became of a claimed row. `next_at` (epoch seconds) counts for QUEUED, DEFERRED and UNCERTAIN;
    `code` 0 and empty texts mean none."""

    delivery_id: int
    tenant_id: int
    attempt: int
    owner_id: int
    state: int
    code: int
    enhanced: str
    text: str
    next_at: int
    revision_id: int | None
