"""Which relay a mail takes now: the best candidate whose circuit breaker lets it through. Used by the recorder.

Troubles of a relay come from the pump's thread into `troubles` and are written into its row in the recorder's,
so that every dispatcher sees them.
"""

from __future__ import annotations

import time
from collections import deque
from datetime import datetime

import structlog

from dispatcher.engine.lender import Lender
from dispatcher.engine.pipeline import Run
from dispatcher.engine.pump import Pump
from dispatcher.engine.throttle import DomainGates, DomainLimit, Gate
from dispatcher.housemail import alarms
from dispatcher.senders import NoRelay, Senders
from dispatcher.transport.pool import Pool
from dispatcher.transport.protocol import Relay
from domain import clock
from domain.campaigns import outages
from domain.senders import breaker, mailhosts, rates
from domain.senders.models import DomainRate
from domain.senders.models import Relay as RelayRow
from domain.tenancy.models import Tenant

log = structlog.get_logger()
CLAIM_AHEAD_S = 10  # nobody claims more than a relay may send in this time (design.md, section 3)
HOSTS_EVERY_S = 30.0  # how old the knowledge of recipient domains' mail servers may be
LONG_S = 15  # a shorter wait is no news for people


class Routes:
    """The relays of one dispatcher and what it knows of their state."""

    def __init__(self, senders: Senders) -> None:
        self._senders = senders
        self._probing: dict[int, datetime] = {}  # relay's id → until when this process alone tries it
        self._reports: deque[tuple[int, str]] = deque()  # (relay's id, trouble; "" when it worked again)
        self._limits: list[DomainLimit] = []
        self._domains: DomainGates | None = None  # of the recipient domains
        self._hosts: dict[str, str] = {}  # domain → rate of its mail server
        self._hosts_due = 0.0
        self._gates: dict[int, Gate] = {}  # relay's id → the gate of its rate
        self._pump: Pump
        self._lender: Lender

    def pick(self, tenant: Tenant | None, sender_address: str, relay_id: int | None = None) -> Relay:
        """The relay for a mail in the name of `sender_address`. Raises NoRelay with the earliest moment at which
        one of them is tried again."""
        domain = sender_address.rpartition("@")[2]
        closed: RelayRow | None = None
        for row, relay in self._senders.candidates(tenant, domain, relay_id):
            if row is None or not breaker.is_open(row) or self._may_probe(row):
                self._check_hour(relay)
                return relay
            if closed is None or row.open_until < closed.open_until:
                closed = row
        if closed is None:
            raise NoRelay("no mail server is set up")
        raise NoRelay(outages.REASON, closed.open_until, relay=closed.name, reason=closed.open_reason)

    def watch(self, pool: Pool) -> None:
        """Hear what happens to the relay of a new pool."""
        relay_id = pool.relay.id
        if not relay_id:
            return
        pool.on_trouble = lambda text: self._reports.append((relay_id, text))
        if pool.gate is not None:
            self._gates[relay_id] = pool.gate
        if relay_id in self._probing:
            pool.probe()
        if pool.relay.shared:
            self._lender.share(pool)

    def attach(self, pump: Pump, lender: Lender) -> None:
        """Where rates are kept and where they are borrowed."""
        self._pump, self._lender = pump, lender
        pump.ask_slots = lender.ask

    def refresh(self) -> None:
        """Look whether the rates of recipient domains have changed."""
        rows = DomainRate.select().order_by(DomainRate.id)
        limits = [DomainLimit(r.id, r.pattern, r.per_second, r.max_connections) for r in rows]
        if limits == self._limits:
            return self._learn_hosts()
        self._limits = limits
        gates = self._pump.use_domains(limits)
        pairs = gates.gates() if gates is not None else ()
        self._lender.share_gates(
            {gate: limit.max_connections for limit, gate in pairs if limit.max_connections is not None}
        )
        self._domains, self._hosts, self._hosts_due = gates, {}, 0.0
        self._learn_hosts()

    def _learn_hosts(self) -> None:
        """Tell the gates which domains lie on mail servers that have a rate, now and then."""
        patterns = [limit.pattern for limit in self._limits if limit.pattern.startswith(mailhosts.PREFIX)]
        now, gates = time.monotonic(), self._domains
        if not patterns or gates is None or now < self._hosts_due:
            return
        self._hosts_due = now + HOSTS_EVERY_S
        hosts = mailhosts.by_pattern(patterns)
        if hosts != self._hosts:
            self._hosts = hosts
            self._pump.post(lambda: gates.learn(hosts))

    def limit_batch(self, run: Run, pool: Pool) -> None:
        """Keep the next batch below what the relay may send in ten seconds, and in this hour."""
        gate = pool.gate
        if gate is None:
            return
        if gate.per_second is not None:
            run.batch = min(run.batch, max(2, round(gate.per_second * CLAIM_AHEAD_S)))
        if gate.per_hour is not None:
            run.batch = min(run.batch, max(2, rates.hour_left(gate.key, gate.per_hour)[0]))

    def write_down(self) -> None:
        """Put what was heard into the rows, and tell people when a breaker opens or closes."""
        while self._reports:
            relay_id, trouble = self._reports[0]
            if trouble:
                self._probing.pop(relay_id, None)
                alarms.failed(relay_id, trouble)
            else:
                alarms.worked(relay_id)
            self._reports.popleft()

    def _check_hour(self, relay: Relay) -> None:
        """Raise NoRelay when the relay's hour is used up and nothing borrowed is left here."""
        gate = self._gates.get(relay.id)
        if relay.per_hour is None or (gate is not None and gate.has_slots(self._pump.loop.clock())):
            return
        left, wait_s = rates.hour_left(f"relay:{relay.id}", relay.per_hour)
        if left <= 0 and wait_s > LONG_S:
            until = clock.moment(clock.epoch() + int(wait_s) + 1)
            raise NoRelay(outages.HOURLY, until, relay=relay.name, limit=relay.per_hour)

    def _may_probe(self, row: RelayRow) -> bool:
        now = clock.now()
        until = self._probing.get(row.id)
        if until is not None and now < until:
            return True
        if row.open_until <= now and breaker.may_probe(row.id):
            self._probing[row.id] = datetime.fromtimestamp(now.timestamp() + breaker.PROBE_S, now.tzinfo)
            log.info("relay is tried again", relay=row.id)
            return True
        return False
