"""Secrets at rest: passwords of mail servers and private keys, sealed with the installation's key (AES-256-GCM).

Whoever stores a secret calls `seal`; only `dispatcher.senders` calls `unseal`. The key never lies in the database,
so a copy of the tables opens nothing. `context` says whose secret it is ("relay", "dkim:example.org"): a sealed
text moved to another place does not open there.
"""

import base64
import binascii
import secrets
from typing import Any

from Crypto.Cipher import AES

from domain import tokens

_VERSION = "s1."  # AES-256-GCM, 96-bit random nonce, 128-bit tag, key derived from the installation's secret
_NONCE_BYTES = 12
_TAG_BYTES = 16


class CannotUnseal(Exception):
    """Altered, sealed for something else, or with the secret of another installation."""


def seal(secret: str, context: str) -> str:
    """`secret` as ASCII text for a column; every call gives another one. "" stays ""."""
    if not secret:
        return ""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed, tag = _cipher(nonce, context).encrypt_and_digest(secret.encode())
    return _VERSION + base64.urlsafe_b64encode(nonce + sealed + tag).decode()


def unseal(sealed: str, context: str) -> str:
    """What `seal` was given with the same context; raises CannotUnseal."""
    if not sealed:
        return ""
    try:
        raw = base64.b64decode(sealed.removeprefix(_VERSION), altchars=b"-_", validate=True)
        if sealed != _VERSION + base64.urlsafe_b64encode(raw).decode():  # the last letter holds spare bits
            raise CannotUnseal
        nonce, body, tag = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:-_TAG_BYTES], raw[-_TAG_BYTES:]
        return _cipher(nonce, context).decrypt_and_verify(body, tag).decode()
    except (ValueError, binascii.Error) as error:
        raise CannotUnseal from error


def _cipher(nonce: bytes, context: str) -> Any:
    cipher = AES.new(tokens.derive("sealing"), AES.MODE_GCM, nonce=nonce, mac_len=_TAG_BYTES)
    cipher.update(context.encode())
    return cipher
