"""Who gets the parts of a mail that only some people get: asked when the snapshot is made, chunk by chunk.

A revision names a segment as `?7` among its placeholders; whoever is in it has "1" for that name.
"""

# ruff: noqa: S608 - statements are put together from constants and compiled segments; values are always bound

from collections.abc import Iterable, Mapping
from typing import Any

from domain.db import database, sql
from domain.errors import N_, Conflict
from domain.segments import compile
from domain.segments.models import Segment
from domain.tenancy import settings, tree

GONE = N_("A segment that this mailing names is gone. Choose its recipients anew.")


class Members:
    """People of the segments that a revision names, for a window of ids at a time."""

    def __init__(self, tenant_id: int, names: Iterable[str]) -> None:
        self._tenant_id = tenant_id
        self._made = {name: _condition(tenant_id, int(name[1:])) for name in names if is_condition(name)}
        self._inside: dict[str, set[int]] = {name: set() for name in self._made}

    def load(self, after_id: int, last_id: int) -> None:
        """Look up the people behind `after_id` up to `last_id`."""
        for name, (text, values) in self._made.items():
            found = database.execute_sql(
                sql(
                    f"SELECT s.id FROM subscriber s WHERE s.tenant_id = ? AND s.id > ? AND s.id <= ? AND ({text})"
                ),
                [self._tenant_id, after_id, last_id, *values],
            )
            self._inside[name] = {row[0] for row in found.fetchall()}

    def of(self, subscriber_id: int) -> list[str]:
        """The names that hold for somebody of the window."""
        return [name for name, ids in self._inside.items() if subscriber_id in ids]


def is_condition(name: str) -> bool:
    """Whether a name among a revision's placeholders is a segment."""
    return name.startswith("?") and name[1:].isdigit()


def of_person(tenant_id: int, subscriber_id: int, names: Iterable[str]) -> dict[str, str]:
    """Name → "1" for the segments that one person is in."""
    members = Members(tenant_id, names)
    members.load(subscriber_id - 1, subscriber_id)
    return dict.fromkeys(members.of(subscriber_id), "1")


def of_segment(tenant_id: int, segment_id: int) -> compile.Made:
    """The condition of a segment that a mailing or a block names; Conflict if it is gone or cannot be asked."""
    segment = Segment.get_or_none(Segment.tenant_id == tenant_id, Segment.id == segment_id)
    if segment is None:
        raise Conflict(GONE)
    zone = settings.effective(tree.get(tenant_id))["time_zone"]
    return compile.of_segment(segment, compile.Moment(tenant_id, zone or "Europe/Berlin"))


def must_be_readable(tenant_id: int, names: Iterable[str], audience: Mapping[str, Any]) -> None:
    """Raise Conflict for the first segment that cannot be asked: of the names of a revision, and of whom a mailing
    is meant for and whom not. Counting takes such a segment for nobody; sending waits for a person."""
    for key in ("segment", "exclude"):
        if audience.get(key):
            of_segment(tenant_id, audience[key])
    for name in names:
        if is_condition(name):
            of_segment(tenant_id, int(name[1:]))


def _condition(tenant_id: int, segment_id: int) -> compile.Made:
    try:
        return of_segment(tenant_id, segment_id)
    except Conflict:  # nobody, rather than everybody
        return "FALSE", []
