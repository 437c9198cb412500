"""The dispatcher of the installation: processes, mail servers, queues, rates of recipient domains."""

from collections import Counter
from functools import partial

from flask import Blueprint, Response, current_app, g, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from domain.campaigns import queues
from domain.db import abreast
from domain.errors import Invalid
from domain.ledger import marks
from domain.senders import domainrates, mailhosts
from domain.tenancy.models import Tenant
from portal import dispatching, hypermedia, room
from portal.access import requires_house
from portal.errors import into_form
from portal.forms.relays import DomainRateForm

bp = Blueprint("house_dispatch", __name__)


@bp.get("/house/dispatcher")
@requires_house
def index() -> Response:
    """The page; by htmx only the figures, every two seconds."""
    return _page(DomainRateForm(formdata=None))


@bp.post("/house/dispatcher/rates")
@requires_house
def add_rate() -> Response:
    form = DomainRateForm()
    try:
        if not form.validate():
            raise Invalid(fields={n: " ".join(map(str, texts)) for n, texts in form.errors.items() if n})
        rate = domainrates.add(form.values(), g.user.id)
    except Invalid as error:
        if not form.errors:
            into_form(form, error)
        return _page(form, 422)
    return hypermedia.done(
        url_for("house_dispatch.index"),
        _("The rate of %(domain)s is kept from now on.", domain=rate.pattern.removeprefix(mailhosts.PREFIX)),
    )


@bp.post("/house/dispatcher/rates/<int:rate_id>/remove")
@requires_house
def remove_rate(rate_id: int) -> Response:
    rate = domainrates.get(rate_id)
    domainrates.remove(rate, g.user.id)
    return hypermedia.done(
        url_for("house_dispatch.index"),
        _("%(domain)s has no rate any more.", domain=rate.pattern.removeprefix(mailhosts.PREFIX)),
    )


def _page(form: DomainRateForm, status: int = 200) -> Response:
    waiting, picture, system, rates, doubts, patterns = abreast(
        _waiting,
        dispatching.picture,
        queues.system_mails,
        domainrates.every,
        marks.doubtful,
        mailhosts.patterns,
    )
    instance = current_app.config["SETTINGS"].instance
    per_tenant: dict[str, list[queues.Queue]] = {}
    for name, queue in waiting:
        per_tenant.setdefault(name, []).append(queue)
    oldest = [queue.oldest_at for _name, queue in waiting if queue.oldest_at]
    return hypermedia.page(
        "dispatch/house.html", "dispatch/_house.html" if request.method == "GET" else None, status=status,
        picture=picture, per_tenant=sorted(per_tenant.items()), system=system,
        oldest=min(oldest, default=None), waiting=sum(queue.waiting for _name, queue in waiting),
        scarce=room.free_mb(instance) if room.is_scarce(instance) else None,
        rates=rates, doubts=len(doubts), form=form, met=Counter(mailhosts.by_pattern(patterns).values()),
        comma=str(get_locale()) == "de",
    )  # fmt: skip


def _waiting() -> list[tuple[str, queues.Queue]]:
    """(tenant's name, queue of a mailing) of all tenants that have any."""
    busy = queues.busy_tenants()
    found, names = abreast(
        lambda: abreast(*(partial(queues.of_tenant, tenant_id) for tenant_id in busy)),
        lambda: dict(Tenant.select(Tenant.id, Tenant.name).where(Tenant.id.in_(busy or [0])).tuples()),
    )
    return [(names.get(t, "?"), queue) for t, of_one in zip(busy, found, strict=True) for queue in of_one]
