"""Which campaigns this process sends, and through which pool: runs begin, follow their campaign's row, and end."""

from __future__ import annotations

import structlog

from dispatcher.engine import signing, starting
from dispatcher.engine.halting import Halting
from dispatcher.engine.pipeline import Run
from dispatcher.engine.pump import Pump
from dispatcher.engine.routes import Routes
from dispatcher.senders import NoRelay
from dispatcher.transport.pool import Pool
from dispatcher.transport.protocol import Relay
from domain import tokens
from domain.campaigns import outages
from domain.campaigns.models import Campaign
from domain.errors import N_, DomainError
from domain.ledger import versions
from domain.ledger.rows import Row
from domain.tenancy import tree

log = structlog.get_logger()
TOKEN_PURPOSE = "mail"  # of tokens.mail_token: opens all links of a delivery  # noqa: S105


class Roster:
    """Belongs to the recorder's thread. `runs`: campaign → (run, its pool, the campaign's row as last read)."""

    def __init__(self, owner_id: int, routes: Routes, halting: Halting, batch: int) -> None:
        self._owner_id = owner_id
        self._routes = routes
        self._halting = halting
        self._batch = batch  # rows of a run's first claim
        self._pools: dict[Relay, Pool] = {}
        self.runs: dict[int, tuple[Run, Pool, Campaign]] = {}
        self._older: dict[tuple[int, int], tuple[Run, Pool]] = {}  # (campaign, earlier revision)
        self.pump: Pump

    def drop_all_but(self, found: dict[int, Campaign]) -> None:
        """Take out campaigns that are not among these, or send another revision by now."""
        for campaign_id, (run, pool, _) in list(self.runs.items()):
            campaign = found.get(campaign_id)
            if campaign is None or campaign.revision_id != run.revision_id or pool.retired:
                self.drop(campaign_id)

    def drained(self) -> list[Run]:
        """Runs whose last claim found nothing and whose mails are all through."""
        return [r for r, _, _ in self.runs.values() if r.exhausted and not r.rows and not r.in_flight]

    def drop(self, campaign_id: int) -> None:
        """Take a campaign out of the pump, if it is in there."""
        entry = self.runs.pop(campaign_id, None)
        if entry is not None:
            self._halting.stop(self.pump, entry[1], entry[0])
        for key in [key for key in self._older if key[0] == campaign_id]:
            older, pool = self._older.pop(key)
            self._halting.stop(self.pump, pool, older)

    def follow(self, campaign: Campaign) -> Run | None:
        """The run of a campaign on its current relay; None if it cannot send now."""
        try:
            tenant = tree.get(campaign.tenant_id)
            pool = self.pool(self._routes.pick(tenant, campaign.sender_address, campaign.relay_id))
        except NoRelay as error:
            log.warning("no relay", campaign=campaign.id, reason=str(error))
            if error.until is not None:
                outages.for_relay(campaign, error.message, error.params, error.until)
            return None
        if campaign.id in self.runs:
            run, old, _ = self.runs[campaign.id]
            # the relay has moved (the catcher's port, an edited row), or the keys that sign have changed
            if old is not pool or run.key_ids != signing.key_ids(campaign):
                self.drop(campaign.id)
            else:
                self.runs[campaign.id] = (run, pool, campaign)
                return run
        try:
            run = self._run_of(campaign, campaign.revision_id)
        except DomainError as error:
            starting.stop(campaign, error.message, error.params)
            return None
        except (ValueError, KeyError) as error:
            starting.stop(campaign, N_("This mailing has no message that can be sent. Compose it again."))
            log.error("revision cannot be read", campaign=campaign.id, error=str(error))
            return None
        self.runs[campaign.id] = (run, pool, campaign)
        self.pump.start(pool, run)
        return run

    def _run_of(self, campaign: Campaign, revision_id: int) -> Run:
        """Raises as `signing.message` does."""
        run = Run(
            tenant_id=campaign.tenant_id,
            campaign_id=campaign.id,
            revision_id=revision_id,
            owner_id=self._owner_id,
            compiled=signing.message(campaign, revision_id),
            sign=tokens.mail_signer(TOKEN_PURPOSE),
            priority=campaign.priority,
            key_ids=signing.key_ids(campaign),
        )
        run.batch = self._batch
        return run

    def feed(self, run: Run, rows: list[Row], lease_end: float) -> None:
        """Give claimed rows to the pump; in a corrected campaign, what may have arrived with the mail it had."""
        _, pool, campaign = self.runs[run.campaign_id]
        kept = (
            versions.kept(campaign.tenant_id, [row.delivery_id for row in rows], campaign.revision_id)
            if campaign.previous is not None
            else {}
        )
        for revision_id in set(kept.values()):
            older = self._older.get((campaign.id, revision_id))
            if older is None:
                older = self._older[campaign.id, revision_id] = (self._run_of(campaign, revision_id), pool)
                self.pump.start(pool, older[0])
            mine = [row for row in rows if kept.get(row.delivery_id) == revision_id]
            self.pump.feed(older[0], mine, lease_end)
        self.pump.feed(run, [row for row in rows if row.delivery_id not in kept], lease_end)

    def pool(self, relay: Relay) -> Pool:
        """The pool of a relay, opened if need be."""
        pool = self._pools.get(relay)
        if pool is None or pool.retired:
            pool = self._pools[relay] = self.pump.open_pool(relay)
            self._routes.watch(pool)
        return pool

    def close_unused_pools(self) -> None:
        """Forget relays that no campaign sends through and that have nothing left."""
        used = {id(pool) for _, pool, _ in self.runs.values()}
        for relay, pool in list(self._pools.items()):
            if id(pool) not in used and not pool.connections and not pool.waiting():
                self.pump.close_pool(pool)
                del self._pools[relay]
