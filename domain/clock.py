"""The one place that knows what time it is, so that tests can hold it still."""

import time as _time
from datetime import UTC, datetime


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.fromtimestamp(epoch(), UTC)


def epoch() -> int:
    """The current moment in whole seconds since 1970, the form in which the ledger stores it."""
    return int(_time.time())


def moment(epoch_s: int) -> datetime:
    """Aware UTC datetime of `epoch_s`."""
    return datetime.fromtimestamp(epoch_s, UTC)
