"""What the `work` process does: bodies of the tasks, and sweeps that find work whose nudge was lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dispatcher import senders
from dispatcher.housemail import approving, wording
from dispatcher.jobs import (
    bounces,
    domains,
    imports,
    links,
    mailhosts,
    notices,
    optins,
    relays,
    series,
    tallies,
    tenants,
)
from domain import clock
from domain.campaigns import retention
from domain.issues import commissions
from domain.issues import links as link_answers
from domain.orders import results as order_results
from domain.quotas import reservations
from domain.rollouts import reminding
from mediadb import completing, pieces, proofs, treatment

DAY_S = 86_400


def register(bodies: dict[str, Callable[[int], None]], settings: Any) -> list[Callable[[], None]]:
    """Put the bodies of the `render` queue's tasks in and return the sweeps; each opens no connection of its own
    (a sweep runs inside one, a body opens one by `db.connection()`)."""
    root: Path = settings.instance
    if hasattr(settings, "translations"):
        wording.configure(settings.translations)
    bodies["run_import"] = lambda job_id: imports.run(job_id, root)
    bodies["undo_import"] = imports.undo
    bodies["take_suppression"] = lambda file_id: imports.suppress(file_id, root)
    bodies["check_import"] = lambda job_id: imports.check(job_id, root)
    bodies["check_domain"] = lambda domain_id: domains.run(domain_id, settings)
    bodies["check_links"] = lambda issue_id: links.run(issue_id, settings)
    doors = senders.Senders(settings.smtp_url, root, senders.helo_name(settings.public_url))
    bodies["test_relay"] = lambda relay_id: relays.run(relay_id, doors)
    return [
        imports.sweep_for(root), imports.expiry(), domains.sweep_for(settings), relays.sweep_for(doors), deletions,
        links.sweep_for(settings), mailhosts.sweep_for(settings),
        optins.noting(), bounces.noting(), upkeep(), tallies.sweep, results, answers, approving.sweep,
        series.sweep, commissions.sweep, notices.send_now, notices.digests(), completing.sweeping(),
    ]  # fmt: skip


def results() -> None:
    """Who ordered a mailing hears how it went."""
    order_results.tell_results()


def answers() -> None:
    """Branches hear that the time to answer a rollout is nearly over."""
    reminding.remind()


def upkeep() -> Callable[[], None]:
    """Once a day and process: forget reservations, contacts and answers of links that nobody looks at any more, empty
    the trash of the media, clean up what tenants do not want to keep."""
    done_on = -1

    def sweep() -> None:
        nonlocal done_on
        now = clock.epoch()
        if now // DAY_S != done_on:
            reservations.forget(now)
            link_answers.forget()
            treatment.empty_trash()
            proofs.clear()
            pieces.clear()
            retention.clean()
            done_on = now // DAY_S

    return sweep


def deletions() -> None:
    """Tenants whose waiting time is over."""
    tenants.delete_due()
