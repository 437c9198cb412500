"""Follows the links of issues: soon after somebody has written them, and again while they wait to be sent."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog

from dispatcher.preflight import following
from dispatcher.preflight.facts import Facts
from dispatcher.rendering import render
from domain import clock, db
from domain.db import unscoped
from domain.errors import DomainError
from domain.issues import links
from domain.issues.models import Issue, IssueState
from domain.tenancy import tree
from domain.tenancy.models import TenantStatus

log = structlog.get_logger()
AT_ONCE = 16  # links in one go, so that other sweeps wait for seconds at most
TOGETHER = 8
HOUR_S = 3600
OPEN = (IssueState.DRAFT, IssueState.RETURNED)
WAITING = (IssueState.IN_REVIEW, IssueState.APPROVED)
OLD = timedelta(days=30)  # an issue nobody has touched for so long is left alone


def sweep_for(settings: Any) -> Callable[[], None]:
    """Ask for the links of issues that were changed, hourly for those that wait, and follow what is due."""
    seen, all_at = clock.now() - timedelta(hours=1), 0

    def sweep_links() -> None:
        nonlocal seen, all_at
        if settings.link_check == "off":
            return
        began = clock.now()
        hourly = clock.epoch() - all_at > HOUR_S
        if hourly:
            all_at = clock.epoch()
        for issue in _changed(seen, hourly):
            try:
                ask_for(issue, settings.public_url)
            except (
                DomainError
            ) as error:  # what cannot be made into a mail has no links; others must not wait for it
                log.info("issue without links", issue=issue.id, reason=str(error))
        seen = began - timedelta(seconds=1)
        follow_some(settings.link_check == "public")

    return sweep_links


def ask_for(issue: Issue, public_url: str, at_once: bool = False) -> int:
    """Have the links of an issue followed; returns how many wait. Names under .example lead nowhere on purpose: the
    demo house is full of them."""
    tenant = tree.get(issue.tenant_id)
    if tenant.status != TenantStatus.ACTIVE:
        return 0
    facts = Facts.of(tenant, issue, render.base_url_of(tenant, public_url))
    urls = [link.url for link in facts.links]
    if tenant.is_demo:
        urls = [url for url in urls if not (urlsplit(url).hostname or "").endswith(".example")]
    return links.ask(tenant.id, urls, at_once)


def run(issue_id: int, settings: Any) -> None:
    """Follow the links that wait, now: somebody has asked."""
    if settings.link_check != "off":
        with db.connection():
            follow_some(settings.link_check == "public")


def follow_some(public_only: bool) -> int:
    """Follow links that are due; returns how many."""
    due = links.waiting(AT_ONCE)
    if due:
        with ThreadPoolExecutor(TOGETHER) as pool:
            found = pool.map(lambda row: following.follow(row.url, public_only), due)
            for row, answer in zip(due, found, strict=True):
                links.settle(row, answer.state, answer.status)
        log.info("links followed", count=len(due))
    return len(due)


def _changed(since: datetime, hourly: bool) -> list[Issue]:
    with unscoped("one sweep follows the links of all tenants"):
        wanted = Issue.state.in_(OPEN) & (Issue.updated_at >= since)
        if hourly:
            wanted |= Issue.state.in_(WAITING) & (Issue.updated_at >= clock.now() - OLD)
        return list(Issue.select().where(wanted).order_by(Issue.id))
