"""Newsletter types: what people sign up for."""

import re
from collections.abc import Iterable
from typing import Any

from peewee import IntegrityError, chunked

from domain.audit import log
from domain.db import database, sql
from domain.errors import N_, Invalid, NotFound
from domain.subscribers import addresses, lists
from domain.subscribers.facets import fields
from domain.subscribers.facets.models import OwnField
from domain.subscribers.models import Consent, NewsletterType, Subscription
from domain.tenancy.measuring import Measuring

COUNTED_AT_ONCE = 200  # counts in one statement
MOST = 2_000  # up to here a number is exact, above it is "more than"
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?\Z")
RESERVED = frozenset(
    {
        "confirm",
        "preferences",
        "unsubscribe",
        "archive",
        "look.css",
        "sent",
        "signup",
        "imprint",
        "embed",
        "data",
        "feed",
    }
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
FIELDS = (
    "name", "slug", "description", "rhythm", "public", "closed", "basis", "sender_name", "sender_address", "reply_to",
    "consent_text", "language", "active", "archived", "signup_fields", "list_ids", "opt_in_subject", "opt_in_text",
    "welcome_subject", "welcome_text", "tracking",
)  # fmt: skip


def get(tenant_id: int, type_id: int) -> NewsletterType:
    """A type of the tenant; raises NotFound."""
    found = NewsletterType.get_or_none(NewsletterType.tenant_id == tenant_id, NewsletterType.id == type_id)
    if found is None:
        raise NotFound
    return found


def every(tenant_id: int) -> list[NewsletterType]:
    """All types of the tenant by name."""
    query = NewsletterType.select().where(NewsletterType.tenant_id == tenant_id)
    return list(query.order_by(NewsletterType.active.desc(), NewsletterType.name))


def public(tenant_id: int) -> list[NewsletterType]:
    """The types a reader may sign up for."""
    return [t for t in every(tenant_id) if t.active and t.public and not t.closed]


def asked_fields(kinds: Iterable[NewsletterType]) -> list[OwnField]:
    """The own fields that a sign-up form for these types asks for, in the tenant's order."""
    chosen = list(kinds)
    wanted = {int(i) for kind in chosen for i in kind.signup_fields or []}
    return [own for own in fields.every(chosen[0].tenant_id) if own.id in wanted] if wanted else []


def counts(tenant_id: int, most: int = MOST) -> dict[int, dict[str, int]]:
    """Type id → consent state → number of people, each counted up to `most` + 1: nobody waits for a count over
    millions."""
    asked = [(kind.id, state) for kind in every(tenant_id) for state in Consent]
    found: dict[int, dict[str, int]] = {}
    for some in chunked(asked, COUNTED_AT_ONCE):
        one = (
            "(SELECT count(*) FROM (SELECT 1 FROM subscription c WHERE c.tenant_id = ? AND c.type_id = ? AND"
        )
        text = f"SELECT {', '.join([f'{one} c.consent = ? LIMIT {int(most) + 1}) few)'] * len(some))}"
        bound = [value for kind_id, state in some for value in (tenant_id, kind_id, str(state))]
        for (kind_id, state), number in zip(
            some, database.execute_sql(sql(text), bound).fetchone(), strict=True
        ):
            if number:
                found.setdefault(kind_id, {})[str(state)] = number
    return found


def size(kind: NewsletterType, state: Consent) -> int:
    """How many people stand like this to a type, counted to the last: takes a while with millions."""
    mine = (Subscription.tenant_id == kind.tenant_id) & (Subscription.type_id == kind.id)
    return int(Subscription.select(Subscription.id).where(mine, Subscription.consent == state).count())


def save(
    tenant_id: int, values: dict[str, Any], user_id: int, found: NewsletterType | None = None
) -> NewsletterType:
    """Create or change a type. A new consent text is a new version: what people agreed to stays provable."""
    values = {name: values[name] for name in FIELDS if name in values}
    if "signup_fields" in values:
        known = {own.id for own in fields.every(tenant_id)}
        values["signup_fields"] = [i for i in dict.fromkeys(values["signup_fields"] or []) if i in known]
    if "list_ids" in values:
        there = {chosen.id for chosen in lists.every(tenant_id)}
        values["list_ids"] = [i for i in dict.fromkeys(values["list_ids"] or []) if i in there]
    _check(values)
    kind = found or NewsletterType(tenant_id=tenant_id)
    changed_text = found is not None and values.get("consent_text", kind.consent_text) != kind.consent_text
    for name, value in values.items():
        setattr(kind, name, value)
    if changed_text:
        kind.consent_version += 1
    try:
        with database.atomic():
            kind.save()
            log.record(
                tenant_id, "type.save", user_id=user_id, kind="type", object_id=kind.id, details=values
            )
    except IntegrityError:
        raise Invalid(fields={"slug": N_("This short name is taken. Choose another one.")}) from None
    return kind


def enlist(kind: NewsletterType, subscriber_id: int) -> None:
    """Whoever has said yes to a type is put on its lists; nobody is ever taken off by that."""
    if kind.list_ids:
        there = {chosen.id for chosen in lists.every(kind.tenant_id)}
        lists.enlist(kind.tenant_id, [(i, subscriber_id) for i in kind.list_ids if i in there])


def _check(values: dict[str, Any]) -> None:
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    if not str(values.get("name", "x")).strip():
        wrong["name"] = N_("A newsletter type needs a name.")
    slug = values.get("slug")
    if slug is not None and (not _SLUG.match(slug) or slug in RESERVED):
        wrong["slug"] = N_("Use small letters, digits and hyphens, at most 60 characters.")
    for name in ("sender_address", "reply_to"):
        if values.get(name):
            try:
                values[name] = addresses.parse(values[name]).written
            except addresses.BadAddress as error:
                wrong[name] = error.message
    for name in ("name", "sender_name", "description", "rhythm", "opt_in_subject", "welcome_subject"):
        if _CONTROL.search(str(values.get(name, ""))):
            wrong[name] = N_("Line breaks and control characters are not allowed here.")
    if values.get("welcome_subject") and not str(values.get("welcome_text", "x")).strip():
        wrong["welcome_text"] = N_("Write the text of the welcome mail, or leave its subject empty, too.")
    if values.get("public") and not values.get("closed") and not str(values.get("consent_text", "x")).strip():
        wrong["consent_text"] = N_("A public type needs the text that people agree to.")
    if values.get("closed") and not str(values.get("basis", "")).strip():
        wrong["basis"] = N_("Say what permits these mails, for example the membership.")
    if values.get("tracking") and values["tracking"] not in list(Measuring):
        wrong["tracking"] = N_("Choose one of the answers.")
    if wrong:
        raise Invalid(fields=wrong)
