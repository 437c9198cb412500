"""Passwords: argon2id, with the same work for known and unknown people."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.errors import N_, Invalid

MIN_LENGTH = 10  # taste, above NIST SP 800-63B's eight
MAX_LENGTH = 200  # a ceiling, so that nobody lets us hash megabytes

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """Encoded argon2id hash; raises Invalid (field `password`) when it is too short or too long."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Invalid(
            fields={
                "password": (
                    N_("Use between %(min)d and %(max)d characters."),
                    {"min": MIN_LENGTH, "max": MAX_LENGTH},
                )
            }
        )
    return _hasher.hash(password)


def verify(encoded: str | None, password: str) -> bool:
    """Whether `password` fits; takes as long for `None` (no such person) as for a wrong password."""
    try:
        return _hasher.verify(encoded or _nobody(), password[:MAX_LENGTH]) and encoded is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """Made when first asked for: it takes 64 MB for a moment, and a dispatcher signs nobody in."""
    return _hasher.hash("the password of nobody")
