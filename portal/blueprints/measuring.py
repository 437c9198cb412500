"""Counted links and the opening picture of mails. No session, no script, no cookie.

A link leads nowhere but to the address that the frozen mail holds under its number. Whatever goes wrong with counting,
the reader gets there; and only a GET of a person counts.
"""

import base64

from flask import Blueprint, Response, current_app, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from domain.campaigns import measuring
from domain.errors import N_, NotFound
from domain.tenancy.models import TenantStatus
from portal import context, reading, scanners, throttle
from portal.access import public

bp = Blueprint("measuring", __name__)
CSRF_EXEMPT = (bp,)
PER_MAIL = "60 per hour"  # of one mail are counted; whoever goes on still gets to the page
WRONG_PER_NETWORK = (
    "60 per hour"  # altered links; right ones lead on in any case: whole offices share an address
)
AGAIN = "1 per 10 second"  # a double click is one
PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
LOST = N_("This link is incomplete or was altered. Open the mail again and click the link in it.")


@bp.get("/m/<token>/l/<int:number>")
@public
def follow(token: str, number: int) -> AnyResponse:
    """On to the address of the link; 302, so that the next one is counted, too."""
    try:
        way = _way(token)
        target = way.target(number)
    except NotFound:
        if _is_known_for_wrong_ones():
            return Response(status=429, headers={"Retry-After": "3600"})
        raise NotFound(LOST) from None
    if _counts(token, f"l{number}"):
        measuring.clicked(way, number, scanners.is_machine(request.headers))
    response = redirect(target, 302)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@bp.get("/m/<token>/o.gif")
@public
def opening(token: str) -> Response:
    """A picture of one pixel, the same for everybody and for tokens that are none: mails show no broken picture."""
    try:
        way = _way(token)
        if _counts(token, "o"):
            measuring.opened(way, scanners.is_machine(request.headers))
    except NotFound:
        pass  # nobody's mail: the picture is the same
    response = Response(PICTURE, mimetype="image/gif")
    response.headers["Cache-Control"] = "no-store, private"
    return response


@bp.errorhandler(NotFound)
def _lost(error: NotFound) -> Response:
    return reading.lost(error)


def _way(token: str) -> measuring.Way:
    """Raises NotFound for altered tokens, blocked tenants and tokens of another tenant than the host's."""
    way = measuring.find(token)
    if way.tenant.status == TenantStatus.BLOCKED or g.get("host_tenant", way.tenant).id != way.tenant.id:
        raise NotFound
    return way


def _counts(token: str, what: str) -> bool:
    return (
        request.method == "GET"
        and throttle.hit(current_app.config.get("CLICK_AGAIN", AGAIN), "again", token, what)
        and throttle.hit(PER_MAIL, "mail-counts", token)
    )


def _is_known_for_wrong_ones() -> bool:
    return not throttle.hit(WRONG_PER_NETWORK, "wrong-link", throttle.network(context.client_address()))
