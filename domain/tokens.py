"""Signed tokens: bound to a purpose, compact enough for a mail, checked in constant time.

Two kinds. *Mail tokens* name a delivery, are made once per recipient in the hot path and do not expire: the
way out of a newsletter must work as long as somebody keeps the mail. *Timed tokens* carry a few values for
one purpose (confirm, reset, form) and expire.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from domain import clock

_MAC_BYTES = 11  # 88 bits: forging one needs 2^87 tries against a rate-limited door
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_key = b""


class BadToken(Exception):
    """The token was altered, is not ours or has expired."""


def configure(secret_key: bytes) -> None:
    """Set the installation's secret; `secret_key` has at least 32 bytes."""
    global _key
    if len(secret_key) < 32:
        raise ValueError("secret_key needs at least 32 bytes")
    _key = hashlib.blake2b(secret_key, person=b"rb-tokens").digest()


def derive(purpose: str, size: int = 32) -> bytes:
    """A key of `size` bytes for one purpose, so that no secret serves two."""
    return hashlib.blake2b(purpose.encode(), key=_key, digest_size=size).digest()


def derive_from(secret_key: bytes, purpose: str, size: int = 32) -> bytes:
    """The key that `derive` gives in an installation whose secret is `secret_key`."""
    base = hashlib.blake2b(secret_key, person=b"rb-tokens").digest()
    return hashlib.blake2b(purpose.encode(), key=base, digest_size=size).digest()


def mail_token(purpose: str, delivery_id: int) -> str:
    """Token of a delivery for `purpose`: 16 or more characters of base64url, no padding."""
    return mail_signer(purpose)(delivery_id)


def mail_signer(purpose: str) -> Callable[[int], str]:
    """`mail_token` for one purpose and many deliveries: the keyed state is made once and copied."""
    keyed = _keyed(purpose)

    def sign(delivery_id: int) -> str:
        raw = delivery_id.to_bytes((delivery_id.bit_length() + 7) // 8 or 1, "big")
        mac = keyed.copy()
        mac.update(raw)
        return _b64(mac.digest() + raw)

    return sign


def read_mail_token(purpose: str, token: str) -> int:
    """The delivery id in `token`; raises BadToken."""
    data = _unb64(token)
    mac, raw = data[:_MAC_BYTES], data[_MAC_BYTES:]
    if not raw or len(raw) > 8 or not hmac.compare_digest(mac, _mac(purpose, raw)):
        raise BadToken
    return int.from_bytes(raw, "big")


def timed_token(purpose: str, values: Any) -> str:
    """Token of JSON-able `values`, stamped with the current second."""
    raw = clock.epoch().to_bytes(5, "big") + json.dumps(values, separators=(",", ":")).encode()
    return _b64(_mac(purpose, raw) + raw)


def read_timed_token(purpose: str, token: str, max_age_s: int, min_age_s: int = 0) -> Any:
    """The values of a token between `min_age_s` and `max_age_s` seconds old; raises BadToken."""
    data = _unb64(token)
    mac, raw = data[:_MAC_BYTES], data[_MAC_BYTES:]
    if len(raw) < 6 or not hmac.compare_digest(mac, _mac(purpose, raw)):
        raise BadToken
    age_s = clock.epoch() - int.from_bytes(raw[:5], "big")
    if not min_age_s <= age_s <= max_age_s:
        raise BadToken
    return json.loads(raw[5:])


def made_at(token: str) -> int:
    """Epoch second in which a timed token was made; the caller has read it before, which proves it."""
    return int.from_bytes(_unb64(token)[_MAC_BYTES : _MAC_BYTES + 5], "big")


def keyed_hash(purpose: str, text: str) -> str:
    """Hex of a keyed hash (20 bytes): recognises a value again without keeping it."""
    return hashlib.blake2b(text.encode(), key=derive(purpose), digest_size=20).hexdigest()


def _keyed(purpose: str) -> "hashlib.blake2b":
    if not _key:
        raise RuntimeError("tokens.configure() was not called")
    return hashlib.blake2b(key=_key, digest_size=_MAC_BYTES, person=purpose.encode()[:16])


def _mac(purpose: str, raw: bytes) -> bytes:
    mac = _keyed(purpose)
    mac.update(raw)
    return mac.digest()


def _b64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=").decode("ascii")


def _unb64(token: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (ValueError, binascii.Error) as error:
        raise BadToken from error
