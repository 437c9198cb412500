"""All checks in their order."""

from collections.abc import Callable
from functools import partial

from dispatcher.preflight import clearing, content, linking, looks, people, subject
from dispatcher.preflight.facts import Facts
from dispatcher.preflight.findings import Finding, Findings
from domain.campaigns.models import Campaign
from domain.db import abreast
from domain.issues.models import Issue
from domain.tenancy.models import Tenant

MAIL: tuple[Callable[[Facts], Findings], ...] = (
    subject.subject, subject.preheader, content.anything, content.imprint, content.way_out, content.articles,
    content.conditional, content.obligatory, content.awaited,
    content.alternatives, content.targets, linking.dead, content.licences, content.drawings, clearing.media,
    content.gaps, looks.contrast, looks.style, looks.unstyled, looks.size, looks.weight, looks.carried,
    subject.shouting, subject.habits,
)  # fmt: skip
Plan = tuple[Callable[[Facts, Campaign], Findings], ...]
PLAN: Plan = (
    people.sender,
    people.size,
    people.empty,
    people.columns,
)
WITHOUT_PEOPLE: Plan = (people.sender, people.columns)  # what needs no count over the whole audience


def look(
    tenant: Tenant, issue: Issue, base_url: str, campaign: Campaign | None = None, plan: Plan = PLAN
) -> tuple[list[Finding], int, int]:
    """(findings, errors first; bytes of the HTML part; how many checks found nothing). With a `campaign` also who
    would get it, as far as `plan` asks."""
    return check(Facts.of(tenant, issue, base_url), campaign, plan)


def check(
    facts: Facts, campaign: Campaign | None = None, plan: Plan = PLAN
) -> tuple[list[Finding], int, int]:
    """What `look` says, of facts that have been read."""
    checks = [partial(one, facts) for one in MAIL]
    if campaign is not None:
        checks += [partial(one, facts, campaign) for one in plan]
    each = abreast(*(partial(_listed, one) for one in checks))
    found = [finding for findings in each for finding in findings]
    return sorted(found, key=lambda f: not f.error), facts.rendered.size_bytes, sum(not f for f in each)


def _listed(one: Callable[[], Findings]) -> list[Finding]:
    return list(one())
