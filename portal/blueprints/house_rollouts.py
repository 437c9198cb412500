"""Rollouts of all tenants, for administrators of the installation: who rolls out what, and how many take part."""

from flask import Blueprint, Response, g, request

from domain.accounts import policy
from domain.rollouts import course, report
from domain.tenancy.models import Tenant
from portal import context, hypermedia
from portal.access import requires_house

bp = Blueprint("house_rollouts", __name__)


@bp.get("/house/rollouts")
@requires_house
def index() -> Response:
    """Newest first; those of tenants that the person may enter lead to their pages."""
    found = course.everywhere(request.args.get("before", type=int))
    givers = Tenant.select().where(Tenant.id.in_({rollout.tenant_id for rollout in found} or {0}))
    return hypermedia.page(
        "rollouts/house.html", rollouts=found, counts=report.counts(found), givers={t.id: t for t in givers},
        mine={t.id for t in policy.tenants_of(g.user, context.administered())},
        older=found[-1].id if len(found) == course.PAGE_SIZE else None,
    )  # fmt: skip
