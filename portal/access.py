"""Sign-in and the right that every view names: `@requires(Permission.X)`, `@signed_in` or `@public`."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, request
from flask_login import LoginManager, UserMixin, current_user

from domain.accounts import sessions
from domain.accounts.models import User
from domain.accounts.permissions import Permission
from domain.errors import NotFound
from portal import context

View = TypeVar("View", bound=Callable[..., Any])
login_manager = LoginManager()


class Visitor(UserMixin):
    """A signed-in browser for Flask-Login: its id is the session's secret, not the person's number."""

    def __init__(self, secret: str, user: User) -> None:
        self.id = secret
        self.user = user


def init_app(app: Flask) -> None:
    login_manager.init_app(app)
    login_manager.session_protection = (
        None  # the session's secret changes at each sign-in, addresses may move
    )
    app.before_request(_load)
    app.before_request(_refuse_json)
    app.jinja_env.globals["may"] = may


def may(permission: Permission | str) -> bool:
    """Whether the person may do this in the tenant of the request."""
    return Permission(permission) in context.current_rights


def requires(*permissions: Permission) -> Callable[[View], View]:
    """A view for people who hold any of `permissions` in the tenant of the URL."""
    if not permissions:
        raise TypeError("name at least one permission")
    areas = {p.module for p in permissions}

    def allowed() -> bool:
        """An area in which the person may do nothing looks as if it did not exist."""
        if any(p in context.current_rights for p in permissions):
            return True
        if not any(p.module in areas for p in g.rights.permissions):
            raise NotFound
        return False

    return _guard(permissions, allowed)


def takes_json(view: View) -> View:
    """A view that reads a JSON body; every other one refuses it, since forms expect text."""
    view.takes_json = True  # type: ignore[attr-defined]
    return view


def requires_house(view: View) -> View:
    """A view for administrators of the installation."""
    return _guard("house", lambda: g.user.administers_house)(view)


def requires_tree(view: View) -> View:
    """A view for administrators of the installation and of a part of the tree; the view keeps to that part."""
    return _guard("house", lambda: g.user.administers_house or bool(context.administered()))(view)


def signed_in(view: View) -> View:
    """A view for everybody who is signed in; below a tenant: who holds a role in it."""
    return _guard("signed_in", lambda: True)(view)


def public(view: View) -> View:
    """A view for everybody."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def _guard(access: Any, allowed: Callable[[], bool]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if g.user is None:
                abort(401)
            if "tenant_slug" in g:
                context.enter(g.tenant_slug)
            if not allowed():
                abort(403)
            return view(*args, **kwargs)

        guarded.access = access  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


@login_manager.user_loader
def _visitor(secret: str) -> Visitor | None:
    session = sessions.find(secret)
    return Visitor(secret, session.user) if session else None


def _refuse_json() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if request.is_json and not getattr(view, "takes_json", False):
        abort(415)


def _load() -> None:
    if request.endpoint != "static" and current_user.is_authenticated:
        g.user = current_user.user
