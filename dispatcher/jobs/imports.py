"""Imports in the background: one job after the other, found again by the sweep when a worker died."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from peewee import OperationalError

from domain import bounds, db
from domain.campaigns import exclusions, undoing, unmerging, waiting
from domain.errors import N_
from domain.subscribers import checking, imports, robinsonfiles, signup
from domain.subscribers.models import ImportJob, SuppressionFile
from domain.tenancy import territory

log = structlog.get_logger()
EXPIRE_EVERY_S = 3600.0  # unconfirmed sign-ups lapse after a week; an hour more does no harm
_one_check = threading.Lock()
_one_at_a_time = threading.Lock()  # SQLite takes one writer, and two imports would only slow each other down


def run(job_id: int, root: Path) -> None:
    """Take in the file of a job, if it waits or was left behind; `root` is the instance folder. While another
    import runs nothing is done: the sweep comes by again."""
    if not _one_at_a_time.acquire(blocking=False):
        return
    try:
        with db.connection():
            job = imports.claim(job_id)
            if job is not None:
                _run(job, root)
    finally:
        _one_at_a_time.release()


def _run(job: ImportJob, root: Path) -> None:
    log.info("import started", job=job.id, tenant=job.tenant_id, done=job.rows_done)
    try:
        imports.run(job, root)
    except OperationalError:
        raise  # the database is busy or down: the job is left behind and found again
    except Exception:
        log.exception("import failed", job=job.id, tenant=job.tenant_id)
        imports.fail(job, N_("The import stopped because of a fault of ours. Tell your administrator."))
    log.info("import ended", job=job.id, tenant=job.tenant_id)


def check(job_id: int, root: Path) -> None:
    """The dry run of a job, if it waits or was left behind."""
    if not _one_check.acquire(blocking=False):
        return
    try:
        with db.connection():
            job = checking.claim(job_id)
            if job is not None:
                checking.run(job, root)
    finally:
        _one_check.release()


def undo(job_id: int) -> None:
    """Undo an import, if it waits for that or was left behind."""
    if not _one_at_a_time.acquire(blocking=False):
        return
    try:
        with db.connection():
            job = undoing.claim(job_id)
            if job is not None:
                with bounds.within(territory.bound(job.tenant_id, job.territory_ids, job.by_id)):
                    undoing.run(job)
    finally:
        _one_at_a_time.release()


def suppress(file_id: int, root: Path) -> None:
    """Take a file into the suppression list, if it waits or was left behind."""
    if not _one_at_a_time.acquire(blocking=False):
        return
    try:
        with db.connection():
            job = robinsonfiles.claim(file_id)
            if job is not None:
                _suppress(job, root)
    finally:
        _one_at_a_time.release()


def _suppress(job: SuppressionFile, root: Path) -> None:
    try:
        robinsonfiles.run(job, root, waiting.other_addresses)
    except OperationalError:
        raise  # the database is busy or down: the file is left behind and found again
    except Exception:
        log.exception("suppression file failed", file=job.id, tenant=job.tenant_id)
        robinsonfiles.fail(job)


def sweep_for(root: Path) -> Callable[[], None]:
    """Run what waits or was left behind."""

    def sweep_imports() -> None:
        for job_id in checking.due():
            check(job_id, root)
        for job_id in imports.due():
            run(job_id, root)
        for job_id in undoing.due():
            undo(job_id)
        for file_id in robinsonfiles.due():
            suppress(file_id, root)

    return sweep_imports


def expiry() -> Callable[[], None]:
    """Let unconfirmed sign-ups lapse, once an hour."""
    last = -EXPIRE_EVERY_S

    def expire_signups() -> None:
        nonlocal last
        if time.monotonic() - last >= EXPIRE_EVERY_S:
            last = time.monotonic()
            signup.expire()
            exclusions.expire()
            unmerging.expire()

    return expire_signups
