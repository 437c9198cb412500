"""A reader's own data: as a file or erased, only by a fresh link that is sent to the address."""

import json

from flask import Blueprint, Response, g, render_template, request
from flask_babel import gettext as _

from dispatcher import tasks
from dispatcher.housemail import letterhead
from domain import tokens
from domain.campaigns import erasure, measuring
from domain.errors import NotFound
from domain.subscribers import addresses, directory, proving
from domain.subscribers.models import Subscriber
from portal import context, reading
from portal.access import public

bp = Blueprint("own_data", __name__)
CSRF_EXEMPT = (bp,)


@bp.get("/n/<tenant>/data")
@public
def ask(tenant: str) -> Response:
    reading.open_tenant(tenant)
    return _ask_page()


@bp.post("/n/<tenant>/data")
@public
def ask_now(tenant: str) -> Response:
    """The same answer whether the address is known or not."""
    found = reading.open_tenant(tenant)
    sent = reading.moved_on("own_data.sent", tenant=tenant)
    if request.form.get("website"):
        return sent
    try:
        address = addresses.parse(request.form.get("email", ""))
    except addresses.BadAddress as error:
        return _ask_page(_(error.message), 422)
    if not reading.is_fresh(request.form.get("form_token", "")):
        return _ask_page(_("The form was sent too fast or is too old. Send it again."), 422)
    if not reading.within_limits(address.key):
        return reading.message(
            429,
            _("Too many requests"),
            _("There were many requests from your network. Try again in an hour."),
        )
    person = directory.by_key(found.id, address.key)
    if person is not None and proving.may_mail(found.id, person):
        settings = context.effective_settings()
        mail = letterhead.queue(
            proving.KIND, found, to_address=person.address,
            subject=_("Your data at %(name)s", name=found.name),
            plain=render_template(
                "public/own_data.txt", tenant=found, imprint=settings["imprint"], hours=proving.MAX_AGE_S // 3600,
                link=reading.link_for_mails("own_data.show", tenant=tenant, token=proving.token(person)),
            ),
            sender_name=settings["sender_name"], sender_address=settings["sender_address"],
        )  # fmt: skip
        tasks.send_system_mail(mail.id)
    return sent


@bp.get("/n/<tenant>/data/sent")
@public
def sent(tenant: str) -> Response:
    reading.open_tenant(tenant)
    return reading.message(
        200, _("Look into your inbox"),
        _("If we hold data about this address, a mail with a link is on its way. The link is valid for one day."),
    )  # fmt: skip


@bp.get("/n/<tenant>/data/<token>")
@public
def show(tenant: str, token: str) -> Response:
    """What can be done; opening the link does none of it."""
    person = _person(tenant, token)
    return reading.page(
        "public/own_data.html",
        token=token,
        masked=addresses.masked,
        person=person,
        sure=bool(request.args.get("erase")),
        counts=context.effective_settings()["tracking"] in ("numbers", "people"),
    )


@bp.post("/n/<tenant>/data/<token>/file")
@public
def file(tenant: str, token: str) -> Response:
    person = _person(tenant, token)
    body = json.dumps(erasure.everything(person), ensure_ascii=False, indent=2)
    response = Response(body, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{g.tenant.slug}-data.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/n/<tenant>/data/<token>/measuring")
@public
def measure(tenant: str, token: str) -> Response:
    """Do not count what I open and click; or do it again."""
    person = _person(tenant, token)
    if request.form.get("act") == "allow":
        measuring.allow(person, None)
    else:
        measuring.object_to(person, None)
    return reading.moved_on("own_data.show", tenant=tenant, token=token)


@bp.post("/n/<tenant>/data/<token>/erase")
@public
def erase(tenant: str, token: str) -> Response:
    person = _person(tenant, token)
    erasure.erase(person, _("asked for by the person, by a link sent to the address"), None)
    return reading.message(
        200, _("Your data are erased"),
        _("What stays is a code that cannot be turned back into your address, so that you are never written to again."),
    )  # fmt: skip


@bp.errorhandler(NotFound)
def _lost(error: NotFound) -> Response:
    return reading.lost(error)


def _person(tenant: str, token: str) -> Subscriber:
    found = reading.open_tenant(tenant)
    person = proving.read(found.id, token)
    if person.language in context.LANGUAGES and not request.args.get("lang"):
        g.language = person.language
    return person


def _ask_page(wrong: str = "", status: int = 200) -> Response:
    return reading.page(
        "public/own_data_ask.html", status, wrong=wrong, form_token=tokens.timed_token("form", g.tenant.id),
        email=request.form.get("email", "") if request.method == "POST" else "",
    )  # fmt: skip
