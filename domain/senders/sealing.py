"""Secrets at rest: passwords of mail servers and private keys, sealed with the installation's key (AES-256-GCM).

Whoever stores a secret calls `seal`; only `dispatcher.senders` calls `unseal`. The key never lies in the database,
so a copy of the tables opens nothing. `context` says whose secret it is ("relay", "dkim:example.org"): a sealed
text moved to another place does not open there. The text names its key, so that the installation's secret can be
exchanged: what an older one sealed is opened as long as `remember` is told of it.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

from domain import tokens

_VERSION = "s1."  # AES-256-GCM, 96-bit random nonce, 128-bit tag, key derived from the installation's secret
_NONCE_BYTES = 12
_TAG_BYTES = 16
_older: dict[str, bytes] = {}


class CannotUnseal(Exception):
    """Altered, sealed for something else, or with a secret that is not known here."""


def remember(older_secrets: Sequence[bytes]) -> None:
    """Secrets that this installation had before; replaces what was remembered."""
    _older.clear()
    for secret in older_secrets:
        key = tokens.derive_from(secret, "sealing")
        _older[_key_id(key)] = key


def seal(secret: str, context: str) -> str:
    """`secret` as ASCII text for a column; every call gives another one. "" stays ""."""
    if not secret:
        return ""
    key, nonce = tokens.derive("sealing"), secrets.token_bytes(_NONCE_BYTES)
    sealed, tag = _cipher(key, nonce, context).encrypt_and_digest(secret.encode())
    return _head(key) + base64.urlsafe_b64encode(nonce + sealed + tag).decode()


def unseal(sealed: str, context: str) -> str:
    """What `seal` was given with the same context; raises CannotUnseal."""
    if not sealed:
        return ""
    head, _, packed = sealed.rpartition(".")
    key = _key_for(head + ".")
    try:
        raw = base64.b64decode(packed, altchars=b"-_", validate=True)
        if packed != base64.urlsafe_b64encode(raw).decode():  # the last letter holds spare bits
            raise CannotUnseal
        nonce, body, tag = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:-_TAG_BYTES], raw[-_TAG_BYTES:]
        return _cipher(key, nonce, context).decrypt_and_verify(body, tag).decode()
    except (ValueError, binascii.Error) as error:
        raise CannotUnseal from error


def is_current(sealed: str) -> bool:
    """Whether the key in force sealed it; what an older one sealed should be sealed anew."""
    return not sealed or sealed.startswith(_head(tokens.derive("sealing")))


def is_ours(sealed: str) -> bool:
    """Whether a key that is known here, the one in force or an older one, sealed it."""
    try:
        _key_for(sealed.rpartition(".")[0] + ".")
    except CannotUnseal:
        return False
    return True


def _key_for(head: str) -> bytes:
    current = tokens.derive("sealing")
    if head == _head(current):
        return current
    for key in _older.values():
        if head == _head(key):
            return key
    raise CannotUnseal


def _head(key: bytes) -> str:
    return f"{_VERSION}{_key_id(key)}."


def _key_id(key: bytes) -> str:
    return hashlib.blake2b(key, digest_size=4, person=b"rb-key-id").hexdigest()


def _cipher(key: bytes, nonce: bytes, context: str) -> Any:
    # here, because a deliver process whose mail servers ask for no password needs none of it
    from Crypto.Cipher import AES

    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=_TAG_BYTES)
    cipher.update(context.encode())
    return cipher
