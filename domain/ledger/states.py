"""The states of a delivery and the reasons for leaving somebody out; numbers, because millions of rows hold them."""

from enum import IntEnum


class DeliveryState(IntEnum):
    QUEUED = 1
    LEASED = 2
    SENT = 3
    DEFERRED = 4
    FAILED = 5
    EXPIRED = 6
    SUPPRESSED = 7
    UNCERTAIN = 8
    HELD = 9
    CANCELLED = 10  # the campaign was ended before its turn; nothing was handed over


OPEN = (DeliveryState.QUEUED, DeliveryState.LEASED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN)

# what a person looks at first: rows that did not simply go
NOTABLE = (
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
    DeliveryState.HELD,
    DeliveryState.UNCERTAIN,
    DeliveryState.DEFERRED,
)
# The same for an index. Neither as a list, which SQLite builds anew for each row to ask whether it belongs there (a
# tenth of the time of a mail), nor as a range, by which it would rather walk the index of all states.
NOTABLE_SQL = " AND ".join(f"state <> {int(state)}" for state in DeliveryState if state not in NOTABLE)


class LeftOut(IntEnum):
    """Why a person of the audience gets no mail (`Delivery.reason` of a SUPPRESSED row)."""

    LOCKED = 1
    ORGANISATION_LOCKED = 2
    UNSUBSCRIBED = 3
    UNCONFIRMED = 4
    UNPROVED = 5
    UNDELIVERABLE = 6
    STOPPED = 7
    SUPPRESSED = 8
    EXCLUDED = 9
    TERRITORY = 10
    CONTACT_CAP = 11
    DUPLICATE = 12
    NO_ADDRESS = 13
    UNTICKED = 14
    AGREED = 15  # an opt-in mail asks only those who have not
    ASKED = 16  # got an opt-in mail lately
