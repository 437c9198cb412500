"""Pages of mail servers, the same for a tenant and for the installation; two blueprints put them in their place."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, g, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from dispatcher import senders, tasks
from domain.campaigns import outages
from domain.errors import Invalid
from domain.senders import breaker, relays
from domain.senders.models import Relay
from portal import hypermedia
from portal.errors import into_form
from portal.forms import relays as forms
from portal.forms.relays import RelayForm
from portal.relay_words import verdict

Guard = Callable[[Callable[..., Any]], Callable[..., Any]]


def add(bp: Blueprint, prefix: str, guard: Guard, owner: Callable[[], int | None]) -> None:
    """All views of mail servers below `prefix`; `owner` gives the tenant's id, None for the installation."""
    views: list[tuple[str, str, str, Callable[..., Response]]] = [
        ("GET", "", "index", lambda: _index(owner())),
        ("GET", "/new", "new", lambda: _page(owner(), forms.fresh(), None)),
        ("POST", "", "create", lambda: _create(owner())),
        ("GET", "/<int:relay_id>", "edit", lambda relay_id: _edit(owner(), relay_id)),
        ("POST", "/<int:relay_id>", "save", lambda relay_id: _save(owner(), relay_id)),
        ("POST", "/<int:relay_id>/move", "move", lambda relay_id: _move(owner(), relay_id)),
        ("POST", "/<int:relay_id>/test", "test", lambda relay_id: _ask_test(owner(), relay_id)),
        ("GET", "/<int:relay_id>/test", "tested", lambda relay_id: _tested(owner(), relay_id)),
        ("POST", "/<int:relay_id>/close", "close", lambda relay_id: _close(owner(), relay_id)),
        ("GET", "/<int:relay_id>/delete", "confirm", lambda relay_id: _confirm(owner(), relay_id)),
        ("POST", "/<int:relay_id>/delete", "delete", lambda relay_id: _delete(owner(), relay_id)),
    ]
    for method, path, name, view in views:
        view.__name__ = name
        bp.add_url_rule(prefix + path, name, guard(view), methods=[method])


def _index(owner: int | None) -> Response:
    own = relays.of(owner)
    smtp_url = current_app.config["SETTINGS"].smtp_url
    return hypermedia.page(
        "relays/index.html", relays=own, house=owner is None, below=relays.of(None) if owner is not None else [],
        default=senders.default_host(smtp_url) if owner is None else "", is_open=breaker.is_open,
    )  # fmt: skip


def _edit(owner: int | None, relay_id: int) -> Response:
    relay = relays.get(owner, relay_id)
    return _page(owner, forms.of(relay, "," if str(get_locale()) == "de" else "."), relay)


def _create(owner: int | None) -> Response:
    form = RelayForm()
    try:
        _valid(form)
        relay = relays.create(
            owner, form.values(_may_be_private()), senders.seal_password(form.password.data or ""), g.user.id
        )
    except Invalid as error:
        return _refused(form, error, owner, None)
    _start_test(relay)
    return hypermedia.done(url_for(".edit", relay_id=relay.id), _("Saved. The server is being tried."))


def _save(owner: int | None, relay_id: int) -> Response:
    relay = relays.editable(owner, relay_id)
    form = RelayForm()
    try:
        _valid(form)
        typed = form.password.data or ""
        may_be_private = _may_be_private() or relay.private
        relays.change(
            relay, form.values(may_be_private), senders.seal_password(typed) if typed else None, g.user.id
        )
    except Invalid as error:
        return _refused(form, error, owner, relay)
    tasks.wake_deliver(0)
    return hypermedia.done(url_for(".edit", relay_id=relay.id), _("Saved."))


def _move(owner: int | None, relay_id: int) -> Response:
    relays.move(relays.editable(owner, relay_id), -1 if request.form.get("way") == "up" else 1, g.user.id)
    return hypermedia.done(url_for(".index"))


def _ask_test(owner: int | None, relay_id: int) -> Response:
    relay = relays.get(owner, relay_id)
    _start_test(relay)
    if hypermedia.wants_fragment():
        return _test_fragment(owner, relay)
    return hypermedia.done(url_for(".edit", relay_id=relay.id))


def _tested(owner: int | None, relay_id: int) -> Response:
    """The card of the test; asks again by itself while the test runs."""
    relay = relays.get(owner, relay_id)
    if not hypermedia.wants_fragment():
        return hypermedia.done(url_for(".edit", relay_id=relay.id))
    return _test_fragment(owner, relay)


def _close(owner: int | None, relay_id: int) -> Response:
    relay = relays.get(owner, relay_id)
    breaker.close(relay, g.user.id)
    outages.relay_is_back()
    tasks.wake_deliver(0)
    return hypermedia.done(
        url_for(".edit", relay_id=relay.id), _("Mails go through %(name)s again.", name=relay.name)
    )


def _confirm(owner: int | None, relay_id: int) -> Response:
    return hypermedia.page("relays/delete.html", relay=relays.editable(owner, relay_id), house=owner is None)


def _delete(owner: int | None, relay_id: int) -> Response:
    relay = relays.editable(owner, relay_id)
    relays.delete(relay, g.user.id)
    tasks.wake_deliver(0)
    return hypermedia.done(url_for(".index"), _("%(name)s is deleted.", name=relay.name))


def _start_test(relay: Relay) -> None:
    relays.ask_test(relay)
    tasks.test_relay(relay.id)


def _valid(form: RelayForm) -> None:
    if not form.validate():
        raise Invalid(fields={name: " ".join(map(str, texts)) for name, texts in form.errors.items() if name})


def _refused(form: RelayForm, error: Invalid, owner: int | None, relay: Relay | None) -> Response:
    if not form.errors:
        into_form(form, error)
    return _page(owner, form, relay, 422)


def _may_be_private() -> bool:
    """Only the house decides which tenant's server may lie in its own network."""
    return bool(g.user.administers_house)


def _page(owner: int | None, form: RelayForm, relay: Relay | None, status: int = 200) -> Response:
    return hypermedia.page(
        "relays/edit.html", status=status, form=form, house=owner is None,
        may_be_private=owner is not None and _may_be_private(), **_test_values(relay),
    )  # fmt: skip


def _test_fragment(owner: int | None, relay: Relay) -> Response:
    return hypermedia.fragment("relays/_test.html", house=owner is None, **_test_values(relay))


def _test_values(relay: Relay | None) -> dict[str, Any]:
    found = relay.test if relay is not None else None
    return {
        "relay": relay, "found": found, "verdict": verdict(relay, found) if relay is not None and found else None,
        "open": relay is not None and breaker.is_open(relay),
    }  # fmt: skip
