"""Sign-in and the signed-in browsers of a person.

The cookie holds a random secret, the row its keyed hash: a copy of the database opens no door. Every sign-in
makes a new secret, so a planted one is worth nothing.
"""

import secrets
from datetime import timedelta

from domain import clock, tokens
from domain.accounts import passwords
from domain.accounts.models import User, UserSession

SHORT = timedelta(hours=12)
KEPT = timedelta(days=30)
SEEN_GRAIN = timedelta(minutes=5)  # a write per request would cost more than the knowledge is worth
RESET_MAX_AGE_S = 2 * 3600


def check(email: str, password: str) -> User | None:
    """The active person with this address and password, else None after the same amount of work."""
    user = User.get_or_none(User.email == email.strip().casefold(), User.active)
    return user if passwords.verify(user.password_hash if user else None, password) else None


def begin(user: User, keep: bool = False, address: str = "", agent: str = "") -> str:
    """Sign `user` in on one browser; returns the secret for its cookie."""
    secret = secrets.token_urlsafe(32)
    UserSession.create(
        user=user,
        token_hash=_hash(secret),
        expires_at=clock.now() + (KEPT if keep else SHORT),
        address=address[:45],
        agent=agent[:200],
    )
    return secret


def find(secret: str) -> UserSession | None:
    """The living session of `secret` with its active user, else None."""
    session = (
        UserSession.select(UserSession, User)
        .join(User)
        .where(UserSession.token_hash == _hash(secret), UserSession.expires_at > clock.now(), User.active)
        .get_or_none()
    )
    if session and clock.now() - session.seen_at > SEEN_GRAIN:
        UserSession.update(seen_at=clock.now()).where(UserSession.id == session.id).execute()
    return session


def end(secret: str) -> None:
    """Sign this browser out."""
    UserSession.delete().where(UserSession.token_hash == _hash(secret)).execute()


def end_all(user: User, except_secret: str | None = None) -> int:
    """Sign the person out everywhere (but here); returns how many sessions ended."""
    query = UserSession.delete().where(UserSession.user == user)
    if except_secret:
        query = query.where(UserSession.token_hash != _hash(except_secret))
    return query.execute()


def reset_token(user: User) -> str:
    """A token for the reset link, void as soon as the password changes."""
    return tokens.timed_token("reset", [user.id, _password_mark(user)])


def user_of_reset(token: str) -> User:
    """The person of a valid reset token; raises tokens.BadToken."""
    user_id, mark = tokens.read_timed_token("reset", token, RESET_MAX_AGE_S)
    user = User.get_or_none(User.id == user_id, User.active)
    if user is None or _password_mark(user) != mark:
        raise tokens.BadToken
    return user


def change_password(user: User, password: str, except_secret: str | None = None) -> None:
    """Set a new password and sign the person out everywhere else; raises Invalid."""
    encoded = passwords.hash_password(password)
    User.update(password_hash=encoded).where(User.id == user.id).execute()
    user.password_hash = encoded
    end_all(user, except_secret)


def _hash(secret: str) -> str:
    return tokens.keyed_hash("session", secret)


def _password_mark(user: User) -> str:
    return tokens.keyed_hash("reset-mark", user.password_hash or "")[:12]
