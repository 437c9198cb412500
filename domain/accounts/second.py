"""The second factor: codes of an app (TOTP, RFC 6238) and recovery codes for the day the phone is gone.

The secret of a person is derived from the installation's key and a random word in the row: a copy of the database
makes no codes. Every code counts once.
"""

import base64
import hmac
import secrets

import pyotp

from domain import clock, tokens
from domain.accounts.models import RecoveryCode, User
from domain.audit import log
from domain.db import database
from domain.errors import N_, Invalid

ISSUER = "Rundbrief"
STEP_S = 30
DRIFT = 1  # steps that a clock may be off, before and after (RFC 6238, 5.2)
RECOVERY_CODES = 10
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is taken for another
WRONG = N_("This code does not fit. Codes change every 30 seconds; check the clock of your device.")


def is_on(user: User) -> bool:
    return user.second_since is not None


def proposed() -> str:
    """A new random word, from which the secret is derived; counts for nothing until it is confirmed."""
    return secrets.token_urlsafe(24)


def secret(user: User, nonce: str) -> str:
    """The secret in the letters that people type into an app (base32, 32 characters)."""
    return base64.b32encode(tokens.derive(f"second factor {user.id} {nonce}", 20)).decode()


def address(user: User, nonce: str) -> str:
    """The otpauth:// address for the QR code."""
    return pyotp.TOTP(secret(user, nonce)).provisioning_uri(name=user.email, issuer_name=ISSUER)


def switch_on(user: User, nonce: str, code: str) -> list[str]:
    """Switch it on once the app has shown a right code; returns recovery codes, shown once. Raises Invalid (code)."""
    step = _step(secret(user, nonce), code)
    if step is None:
        raise Invalid(fields={"code": WRONG})
    with database.atomic():
        user.second_nonce, user.second_since, user.second_step = nonce, clock.now(), step
        user.save()
        log.record(log.HOUSE, "second.on", user_id=user.id, kind="user", object_id=user.id)
        return recovery_codes(user)


def switch_off(user: User, actor_id: int) -> None:
    """Back to the password alone; recovery codes are void."""
    with database.atomic():
        user.second_nonce = user.second_since = None
        user.save()
        RecoveryCode.delete().where(RecoveryCode.user == user).execute()
        log.record(log.HOUSE, "second.off", user_id=actor_id, kind="user", object_id=user.id)


def recovery_codes(user: User) -> list[str]:
    """New recovery codes; older ones are void."""
    made = [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(2))
        for _ in range(RECOVERY_CODES)
    ]
    with database.atomic():
        RecoveryCode.delete().where(RecoveryCode.user == user).execute()
        RecoveryCode.insert_many([{"user": user.id, "code_hash": _hash(code)} for code in made]).execute()
    return made


def codes_left(user: User) -> int:
    """Recovery codes not used yet."""
    return RecoveryCode.select().where(RecoveryCode.user == user, RecoveryCode.used_at.is_null()).count()


def check(user: User, code: str) -> bool:
    """Whether a code of the app or a recovery code fits; it counts once, whoever else sends it at the same moment."""
    code = "".join(code.split()).casefold()
    step = _step(secret(user, user.second_nonce), code) if user.second_nonce else None
    if step is not None:
        counted = User.update(second_step=step).where(User.id == user.id, User.second_step < step)
        return counted.execute() == 1
    used = RecoveryCode.update(used_at=clock.now()).where(
        RecoveryCode.user == user, RecoveryCode.code_hash == _hash(code), RecoveryCode.used_at.is_null()
    )
    return used.execute() == 1


def _step(key: str, code: str) -> int | None:
    """The time step that `code` belongs to, if it is near enough."""
    code = "".join(code.split())
    now = clock.epoch() // STEP_S
    app = pyotp.TOTP(key)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(app.generate_otp(step).encode(), code.encode()):
            return step
    return None


def _hash(code: str) -> str:
    return tokens.keyed_hash("recovery code", code)
