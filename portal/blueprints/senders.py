"""Sender domains of the tenant: how they stand in DNS, who vouches for them, which keys sign."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from dispatcher import keymaking, tasks
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.campaigns import planning
from domain.errors import N_, Forbidden, Invalid, NotFound
from domain.senders import domains, findings, keys
from domain.senders.models import SenderDomain
from domain.subscribers import types
from portal import context, hypermedia, sender_words
from portal.access import requires
from portal.errors import into_form
from portal.forms.senders import DomainForm, VouchForm

bp = Blueprint("senders", __name__)


@bp.get("/admin/senders")
@requires(P.SENDER_EDIT)
def index() -> Response:
    form = DomainForm(formdata=None)
    form.domain.data = request.args.get("domain", "")[:253]
    return _list(form)


@bp.post("/admin/senders")
@requires(P.SENDER_EDIT)
def add() -> Response:
    form = DomainForm()
    if not form.validate():
        return _list(form, 422)
    try:
        made = domains.add(g.tenant.id, form.domain.data or "", g.user.id)
    except Invalid as error:
        into_form(form, error)
        return _list(form, 422)
    tasks.check_domain(made.id)
    return hypermedia.done(url_for("senders.show", domain_id=made.id))


@bp.get("/admin/senders/<int:domain_id>")
@requires(P.SENDER_EDIT)
def show(domain_id: int) -> Response:
    return _page(domains.get(g.tenant.id, domain_id), VouchForm(formdata=None))


@bp.post("/admin/senders/<int:domain_id>/check")
@requires(P.SENDER_EDIT)
def check(domain_id: int) -> Response:
    domain = domains.get(g.tenant.id, domain_id)
    findings.ask(domain)
    tasks.check_domain(domain.id)
    return hypermedia.done(url_for("senders.show", domain_id=domain.id))


@bp.post("/admin/senders/<int:domain_id>/vouch")
@requires(P.SENDER_EDIT)
def vouch(domain_id: int) -> Response:
    """For administrators of the installation: a tenant cannot vouch for itself."""
    domain = domains.get(g.tenant.id, domain_id)
    if not g.user.administers_house:
        raise Forbidden(
            N_("Only administrators of the installation vouch for a domain. Prove it by DNS instead.")
        )
    form = VouchForm()
    if not form.validate():
        return _page(domain, form, 422)
    domains.vouch(domain, g.user.id, form.reason.data or "")
    return hypermedia.done(
        url_for("senders.show", domain_id=domain.id),
        _("%(domain)s may be used as sender.", domain=domain.domain),
    )


@bp.get("/admin/senders/<int:domain_id>/remove")
@requires(P.SENDER_EDIT)
def ask_remove(domain_id: int) -> Response:
    domain = domains.get(g.tenant.id, domain_id)
    return hypermedia.page(
        "senders/remove.html", domain=domain, campaigns=planning.open_from(g.tenant.id, domain.domain)
    )


@bp.post("/admin/senders/<int:domain_id>/remove")
@requires(P.SENDER_EDIT)
def remove(domain_id: int) -> Response:
    domain = domains.get(g.tenant.id, domain_id)
    domains.withdraw(domain, g.user.id)
    return hypermedia.done(
        url_for("senders.index"), _("%(domain)s may no longer be used as sender.", domain=domain.domain)
    )


@bp.post("/admin/senders/<int:domain_id>/keys")
@requires(P.SENDER_EDIT)
def make_key(domain_id: int) -> Response:
    domain = domains.get(g.tenant.id, domain_id)
    algorithm = request.form.get("algorithm", "")
    if algorithm not in keys.ALGORITHMS:
        raise Invalid(N_("Choose RSA or Ed25519."))
    keys.add(domain, algorithm, *keymaking.make(algorithm), g.user.id)
    return hypermedia.done(
        url_for("senders.show", domain_id=domain.id, _anchor="keys"),
        _("The key is made. Enter its record in DNS, then check again."),
    )


@bp.post("/admin/senders/<int:domain_id>/keys/<int:key_id>/<act>")
@requires(P.SENDER_EDIT)
def change_key(domain_id: int, key_id: int, act: str) -> Response:
    """`on`, `off` or `remove`."""
    domain = domains.get(g.tenant.id, domain_id)
    key = keys.get(domain, key_id)
    acts = {
        "on": (keys.switch_on, _("From now on mails are signed with %(selector)s.", selector=key.selector)),
        "off": (keys.switch_off, _("Mails are no longer signed with %(selector)s.", selector=key.selector)),
        "remove": (keys.remove, _("The key %(selector)s is removed.", selector=key.selector)),
    }
    if act not in acts:
        raise NotFound
    change, said = acts[act]
    change(domain, key, g.user.id)
    return hypermedia.done(url_for("senders.show", domain_id=domain.id, _anchor="keys"), said)


@bp.get("/admin/senders/<int:domain_id>/keys/<int:key_id>/remove")
@requires(P.SENDER_EDIT)
def ask_remove_key(domain_id: int, key_id: int) -> Response:
    domain = domains.get(g.tenant.id, domain_id)
    return hypermedia.page("senders/remove_key.html", domain=domain, key=keys.get(domain, key_id))


def _list(form: DomainForm, status: int = 200) -> Response:
    found = domains.of_tenant(g.tenant.id)
    rows = [(domain, sender_words.state(domain), _lights(domain)) for domain in found]
    return hypermedia.page(
        "senders/index.html", status=status, form=form, rows=rows, missing=_unverified_in_use()
    )


def _lights(domain: SenderDomain) -> dict[str, int]:
    """How many lines are red, and how many cannot be judged."""
    lights = [found.light for found in findings.of(domain).values()]
    return {light.value: lights.count(light) for light in findings.Light}


def _unverified_in_use() -> list[tuple[str, bool]]:
    """(domain, whether it is in the list) of senders that the tenant or a type is set to and that may not send."""
    used = [context.effective_settings()["sender_address"]]
    used += [kind.sender_address for kind in types.every(g.tenant.id) if kind.active]
    asked = {(g.tenant.id, address) for address in used if address}
    known = {domain.domain for domain in domains.of_tenant(g.tenant.id)}
    names = {domains.domain_of(address) for _tenant, address in domains.unverified(asked)}
    return sorted((name, name in known) for name in names if name)


def _page(domain: SenderDomain, form: VouchForm, status: int = 200) -> Response:
    made = [(key, *keys.record(domain, key)) for key in keys.of_domain(domain)]
    return hypermedia.page(
        "senders/show.html", "senders/_lines.html", status=status, domain=domain, form=form,
        lines=sender_words.lines(domain), state_key=sender_words.state(domain),
        proof=domains.proof_record(domain), names=policy.names([domain.verified_by_id]),
        keys=[(key, name, value, keys.split(value)) for key, name, value in made],
    )  # fmt: skip
