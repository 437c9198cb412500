"""How a browser becomes somebody's: the one way in, from the door and from the set-up of an empty house."""

from flask import g, request, session
from flask_login import login_user

from domain.accounts import sessions
from domain.accounts.models import User
from domain.audit import log
from portal import context
from portal.access import Visitor


def enter(user: User, keep: bool) -> None:
    """Sign in with a fresh session: nothing of an older one, planted or not, lives on."""
    old = session.get("tenant")
    session.clear()
    g.pop("csrf_token", None)  # the form's token of this request belonged to the session that has just ended
    secret = sessions.begin(user, keep, context.client_address(), request.user_agent.string)
    session.permanent = keep
    login_user(Visitor(secret, user))
    g.user = user
    if old:
        session["tenant"] = old
    log.record(
        log.HOUSE,
        "sign_in",
        user_id=user.id,
        kind="user",
        object_id=user.id,
        address=context.client_address(),
    )
