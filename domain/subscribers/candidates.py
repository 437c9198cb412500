"""Rows of a file on their way in: those that can be taken and those that cannot."""

from dataclasses import dataclass, field
from typing import Any

from domain.subscribers.columns import Values
from domain.subscribers.csvfile import Record


@dataclass(frozen=True)
class Reject:
    """A row that is not taken, and why."""

    record: Record
    reason: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Person:
    """A row that can be taken; `digest` is the keyed hash of its address."""

    record: Record
    written: str
    key: str
    values: Values
    digest: str = ""
