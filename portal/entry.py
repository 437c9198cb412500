"""How a browser becomes somebody's: the one way in, from the door and from the set-up of an empty house."""

from flask import g, request, session
from flask_login import login_user

from domain.accounts import sessions
from domain.accounts.models import User
from domain.audit import log
from portal import context, throttle
from portal.access import Visitor

REFUSED = ("sign_in.failed", "sign_in.code", "sign_in.many")  # acts of somebody who did not come in

_TOLD = (("3 per hour", "account"), ("20 per hour", "network"), ("200 per hour", "house"))


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


def refuse(act: str, account: str, user_id: int | None) -> None:
    """Note in the log of the installation that somebody did not come in; `account`: whose door it was, as a hash;
    `user_id` None: nobody has this address. What was typed is not kept, it may be a password in the wrong field. Of
    one account, one network and in the whole house only so much is told that nobody fills the log; strangers use up
    nothing that entries about people need."""
    address = context.client_address()
    known = "known" if user_id else "unknown"
    keys = {"account": account, "network": throttle.network(address), "house": ""}
    if all(throttle.hit(limit, "refused", known, act, place, keys[place]) for limit, place in _TOLD):
        log.record(log.HOUSE, act, kind="user" if user_id else "stranger", object_id=user_id, address=address)
