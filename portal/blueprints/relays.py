"""Mail servers of the tenant."""

from flask import Blueprint, g

from domain.accounts.permissions import Permission as P
from portal import relay_views
from portal.access import requires

bp = Blueprint("relays", __name__)
relay_views.add(bp, "/admin/relays", requires(P.RELAY_EDIT), lambda: g.tenant.id)
