"""Mail servers of the installation, for all tenants."""

from flask import Blueprint

from portal import relay_views
from portal.access import requires_house

bp = Blueprint("house_relays", __name__)
relay_views.add(bp, "/house/relays", requires_house, lambda: None)
