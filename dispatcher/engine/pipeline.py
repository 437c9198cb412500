"""One campaign being sent: claimed rows in, personalised mails out, outcomes into settlements.

Hot and standard library only: rows come as tuples, the compiled message as an object, the signer as a function.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable

from dispatcher.engine.throttle import DomainGates
from dispatcher.message.compiled import Compiled
from dispatcher.message.dkim import Signed
from dispatcher.message.personalise import RecipientRefused
from dispatcher.transport.backoff import Backoff
from dispatcher.transport.protocol import Mail
from dispatcher.transport.replies import DEFERRED, FAILED, RETURNED, UNCERTAIN, Outcome
from domain.ledger.rows import Row, Settlement
from domain.ledger.states import DeliveryState

DISPLAY_NAME = "@name"  # key of the packed values that holds the name for the To header


class Run:
    """A campaign in this process. The pump takes mails out, the recorder puts claimed rows in."""

    def __init__(
        self,
        *,
        tenant_id: int,
        campaign_id: int,
        revision_id: int,
        owner_id: int,
        compiled: Compiled | Signed,
        sign: Callable[[int], str],
        priority: int = 0,
        backoff: Backoff | None = None,
        key_ids: tuple[int, ...] = (),
    ) -> None:
        self.tenant_id = tenant_id
        self.campaign_id = campaign_id
        self.revision_id = revision_id
        self.priority = priority
        self.key_ids = key_ids  # of the DKIM keys that `compiled` signs with
        self.rows: deque[tuple[Row, float]] = deque()  # with the end of the lease on the loop's clock
        self.in_flight = 0  # mails handed out and not settled
        self.fed = 0  # rows given to the pump, counted by the recorder
        self.arrived = 0  # of these: taken in, counted by the pump
        self.unmade = 0  # mails that could not be made for their recipients
        self.asked = False  # the recorder knows that rows run low
        self.exhausted = False  # the last claim found none
        self.batch = 1000  # rows of the next claim; the recorder sets it by the rate
        self.taken = 0  # mails handed out since the start
        self.claimed_at = 0.0  # the last claim, and how many had been handed out then
        self.taken_before = 0
        self.gates: DomainGates | None = None  # rates of recipient domains, if there are any
        self.parked = 0  # rows that wait there
        self._owner_id = owner_id
        self._compiled = compiled
        self._sign = sign
        self._backoff = backoff or Backoff()
        self._returned: dict[int, int] = {}  # of mails under way: attempts that count for no delay

    @property
    def low(self) -> bool:
        """Less than a batch is left, with what is on its way to the pump: the next one is claimed while these go."""
        return len(self.rows) + self.parked + self.fed - self.arrived < self.batch

    def next_mail(self, now: float, refuse: Callable[[Run, Row, str], None]) -> Mail | None:
        """The next mail whose lease holds, None if there is none. A recipient that cannot get a correct mail is
        handed to `refuse` and the next one is taken; so is a row whose lease has run out, with an empty text."""
        while self.rows:
            row, lease_end = self.rows.popleft()
            if now >= lease_end:
                refuse(self, row, "")
                continue
            if self.gates is not None and not self.gates.admit(self, row, lease_end, now):
                continue
            try:
                mail = self._mail(row, lease_end)
            except RecipientRefused as error:
                refuse(self, row, str(error))
                continue
            except (
                ValueError,
                TypeError,
                AttributeError,
            ) as error:  # damaged values of one row stop no other
                refuse(self, row, f"message cannot be made: {type(error).__name__}")
                continue
            self.in_flight += 1
            self.taken += 1
            return mail
        return None

    def _mail(self, row: Row, lease_end: float) -> Mail:
        delivery_id, attempt, address, values, queued_at, returned = row
        if returned:
            self._returned[delivery_id] = returned
        if values is None:
            raise ValueError("damaged values")
        sender, recipient, pieces = self._compiled.mail(
            (delivery_id, address, values.get(DISPLAY_NAME, ""), values, self._sign(delivery_id))
        )
        return Mail(delivery_id, attempt, sender, recipient, pieces, lease_end, (self, queued_at))

    def take_back(self) -> list[Row]:
        """All rows not yet handed out; the run has none afterwards."""
        rows = [row for row, _ in self.rows]
        self.rows.clear()
        if self.parked and self.gates is not None:
            rows += self.gates.take_back(self)
        return rows

    def settlement(
        self, delivery_id: int, attempt: int, queued_at: int, outcome: Outcome, now: int
    ) -> Settlement:
        """What to write down for an outcome; `now` in epoch seconds."""
        state, code, enhanced, text = outcome
        next_at = 0
        tried = attempt - self._returned.pop(delivery_id, 0) if self._returned else attempt
        if state == DEFERRED:
            due = self._backoff.next_at(tried, queued_at, now, random.random())  # noqa: S311
            state, next_at = (DEFERRED, due) if due is not None else (int(DeliveryState.EXPIRED), 0)
        elif state == UNCERTAIN:
            next_at = now + self._backoff.uncertain_s
        return Settlement(
            delivery_id, self.tenant_id, attempt, self._owner_id, state, code, enhanced, text, next_at,
            self.revision_id,
        )  # fmt: skip

    def refused(self, row: Row, text: str) -> Settlement:
        """The settlement of a row that `next_mail` refused."""
        self.unmade += bool(text)
        outcome = Outcome(FAILED, 0, "", text) if text else Outcome(RETURNED)
        return self.settlement(row.delivery_id, row.attempt, row.queued_at, outcome, 0)

    def put_off(self, rows: Iterable[Row], next_at: int = 0) -> list[Settlement]:
        """Rows that no server was asked about go back to the queue, which costs them no delay of their own."""
        return [
            Settlement(
                row.delivery_id, self.tenant_id, row.attempt, self._owner_id, RETURNED, 0, "", "", next_at, None
            )
            for row in rows
        ]  # fmt: skip
