"""E-mail addresses: what we take, and by what we recognise one again.

Policy: the key folds case in the whole address and writes the domain as A-label; dots and plus-addresses are
kept, since only the provider knows whether they mean the same box. The one module that knows email-validator.
"""

import re
import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from domain import tokens
from domain.errors import N_

# what nearly every address looks like: letters, digits, single dots, no hyphens at the ends, no A-labels. Such a one
# needs no look at Unicode, which costs an import most of its time; a test holds both ways against each other.
_PLAIN = re.compile(
    r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@"
    r"(?:(?![a-zA-Z0-9]{2}--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_SPECIAL = frozenset({"local", "localhost", "invalid", "arpa", "onion"})  # left to the library


class BadAddress(ValueError):
    """`message` is a message id that says what is wrong and how to mend it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Address:
    """An address as it is written to and its key."""

    written: str
    key: str


def parse(text: str) -> Address:
    """The address in `text`; raises BadAddress. No DNS is asked."""
    stripped = text.strip().strip("<>").strip()
    if _PLAIN.fullmatch(stripped) and len(stripped) <= 254:
        local, _, domain = stripped.rpartition("@")
        if len(local) <= 64 and domain.rpartition(".")[2].lower() not in _SPECIAL:
            return Address(f"{local}@{domain.lower()}", stripped.lower())
    if not stripped:
        raise BadAddress(N_("The address is missing."))
    if any(ord(c) < 32 or c in "\x7f\x85\u2028\u2029" for c in stripped):
        raise BadAddress(N_("An address has no line breaks or control characters."))
    if "@" not in stripped:
        raise BadAddress(N_("An address needs an @, for example name@example.org."))
    if "." not in stripped.rpartition("@")[2]:
        raise BadAddress(N_("The end of the address is missing, for example “.org”."))
    try:
        checked = validate_email(
            stripped, check_deliverability=False, test_environment=True, globally_deliverable=False
        )
    except EmailNotValidError:
        raise BadAddress(N_("This is not a valid e-mail address. Check how it is written.")) from None
    if len(checked.normalized) > 254 or len(checked.local_part.encode()) > 64:  # RFC 5321, 4.5.3.1
        raise BadAddress(N_("This address is too long."))
    local = unicodedata.normalize("NFC", checked.local_part.casefold())
    return Address(checked.normalized, f"{local}@{checked.ascii_domain.casefold()}")


def key_of(text: str) -> str:
    """The key of an address; raises BadAddress."""
    return parse(text).key


def hash_of(key: str, tenant_id: int) -> str:
    """Keyed hash under which a tenant recognises an erased address again; differs between tenants."""
    return tokens.keyed_hash("address", f"{tenant_id}:{key}")


def masked(address: str) -> str:
    """m•••••@example.org, for pages that others may see."""
    local, _, domain = address.partition("@")
    return f"{local[:1]}•••••@{domain}"
