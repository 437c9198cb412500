"""DOOR: nudges. Each names a row by its id; the row is the truth, and a sweep finds it if the nudge is lost.

The bodies are put in by the processes that do the work (`dispatcher.worker`), so that the web, which only
enqueues, need not import them. A queue that does not answer is no reason to refuse a person's click.
"""

from collections.abc import Callable

import structlog

from dispatcher.queues import deliver, render

bodies: dict[str, Callable[[int], None]] = {}
log = structlog.get_logger()


def wake_deliver(campaign_id: int) -> None:
    """There is something to send for this campaign, or its status has changed. Call after commit."""
    _nudge(_wake_deliver, campaign_id)


def send_system_mail(outbox_id: int) -> None:
    """A system mail waits in the outbox. Call after commit."""
    _nudge(_send_system_mail, outbox_id)


def run_import(job_id: int) -> None:
    """An import was mapped and may run. Call after commit."""
    _nudge(_run_import, job_id)


def undo_import(job_id: int) -> None:
    """An import is to be undone. Call after commit."""
    _nudge(_undo_import, job_id)


def take_suppression(file_id: int) -> None:
    """A file waits to be taken into the suppression list. Call after commit."""
    _nudge(_take_suppression, file_id)


def check_import(job_id: int) -> None:
    """The columns of an import were chosen: what would it do? Call after commit."""
    _nudge(_check_import, job_id)


def check_domain(domain_id: int) -> None:
    """Somebody wants to know what DNS says about a sender domain. Call after commit."""
    _nudge(_check_domain, domain_id)


def check_links(issue_id: int) -> None:
    """Somebody wants to know whether the links of an issue work. Call after commit."""
    _nudge(_check_links, issue_id)


def test_relay(relay_id: int) -> None:
    """Somebody wants to know what a mail server offers. Call after commit."""
    _nudge(_test_relay, relay_id)


def _nudge(task: Callable[[int], object], row_id: int) -> None:
    try:
        task(row_id)
    except Exception as error:  # any storage, any driver; the sweep finds the row
        log.warning("queue does not answer", task=getattr(task, "__name__", ""), error=type(error).__name__)


@deliver.task()
def _wake_deliver(campaign_id: int) -> None:
    bodies["wake_deliver"](campaign_id)


@deliver.task(priority=10)
def _send_system_mail(outbox_id: int) -> None:
    bodies["send_system_mail"](outbox_id)


@render.task()
def _run_import(job_id: int) -> None:
    bodies["run_import"](job_id)


@render.task()
def _undo_import(job_id: int) -> None:
    bodies["undo_import"](job_id)


@render.task()
def _take_suppression(file_id: int) -> None:
    bodies["take_suppression"](file_id)


@render.task()
def _check_import(job_id: int) -> None:
    bodies["check_import"](job_id)


@render.task()
def _check_domain(domain_id: int) -> None:
    bodies["check_domain"](domain_id)


@render.task()
def _check_links(issue_id: int) -> None:
    bodies["check_links"](issue_id)


@render.task(priority=5)
def _test_relay(relay_id: int) -> None:
    bodies["test_relay"](relay_id)
