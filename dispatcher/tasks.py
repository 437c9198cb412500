"""DOOR: nudges. Each names a row by its id; the row is the truth, and a sweep finds it if the nudge is lost.

The bodies are put in by the processes that do the work (`dispatcher.worker`), so that the web, which only
enqueues, need not import them.
"""

from collections.abc import Callable

from dispatcher.queues import deliver, render

bodies: dict[str, Callable[[int], None]] = {}


def wake_deliver(campaign_id: int) -> None:
    """There is something to send for this campaign."""
    _wake_deliver(campaign_id)


def send_system_mail(outbox_id: int) -> None:
    """A system mail waits in the outbox."""
    _send_system_mail(outbox_id)


def run_import(job_id: int) -> None:
    """An import was mapped and may run."""
    _run_import(job_id)


@deliver.task()
def _wake_deliver(campaign_id: int) -> None:
    bodies["wake_deliver"](campaign_id)


@deliver.task()
def _send_system_mail(outbox_id: int) -> None:
    bodies["send_system_mail"](outbox_id)


@render.task()
def _run_import(job_id: int) -> None:
    bodies["run_import"](job_id)
