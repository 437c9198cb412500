"""Own fields of a tenant: what they are called, what they may hold, and how a value is checked."""

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from peewee import IntegrityError

from domain import bounds
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.subscribers import words
from domain.subscribers.facets.models import Holder, OwnField, OwnValue

KINDS = {
    "text": N_("Text"), "number": N_("Number"), "date": N_("Date"), "choice": N_("Choice"),
    "choices": N_("Multiple choice"), "yesno": N_("Yes or no"),
}  # fmt: skip
MOST = 60  # per holder
_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_YES = frozenset({"1", "y", "yes", "ja", "j", "true", "wahr", "x", "on"})
_NO = frozenset({"0", "n", "no", "nein", "false", "falsch", "off"})
_NAME = re.compile(r"[^\W_][\w .\-]{0,59}\Z")  # the shape of a placeholder


class BadValue(ValueError):
    """A value that the field cannot hold; `message` and `params` say why."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message)
        self.message, self.params = message, params


def every(tenant_id: int, holder: Holder = Holder.SUBSCRIBER) -> list[OwnField]:
    """The fields of the tenant in their order."""
    query = OwnField.select().where(OwnField.tenant_id == tenant_id, OwnField.holder == holder)
    return list(query.order_by(OwnField.position, OwnField.id))


def get(tenant_id: int, field_id: int) -> OwnField:
    """A field of the tenant; raises NotFound."""
    found = OwnField.get_or_none(OwnField.tenant_id == tenant_id, OwnField.id == field_id)
    if found is None:
        raise NotFound
    return found


def save(
    tenant_id: int, values: Mapping[str, Any], user_id: int | None, found: OwnField | None = None
) -> OwnField:
    """Create or change a field: name, kind, choices, help, required, is_unique, holder. Kind and holder stay what
    they were made as; the key never changes. Raises Invalid."""
    field = found or OwnField(
        tenant_id=tenant_id, holder=values.get("holder", Holder.SUBSCRIBER), kind=values.get("kind", "text")
    )
    _fill(field, values)
    others = [other for other in every(tenant_id, field.holder) if other.id != field.id]
    if any(words.folded(other.name) == words.folded(field.name) for other in others):
        raise Invalid(fields={"name": N_("There is a field with this name already.")})
    if found is None:
        if len(others) >= MOST:
            raise Invalid(N_("At most %(count)s own fields."), count=MOST)
        field.key = field.name
        field.position = max((other.position for other in others), default=0) + 1
    try:
        with database.atomic():
            field.save()
            if field.is_unique and (found is None or "is_unique" in values):
                _index(field)
            log.record(
                tenant_id, "field.save", user_id=user_id, kind="field", object_id=field.id,
                details={"name": field.name},
            )  # fmt: skip
    except IntegrityError:
        raise Invalid(
            fields={"is_unique": N_("Some people share a value here, so it cannot be unique.")}
        ) from None
    return field


def delete(field: OwnField, user_id: int) -> None:
    """Take a field away; the values stay in the rows until somebody saves them, but nobody sees them."""
    bounds.refuse_beyond()
    with database.atomic():
        OwnValue.delete().where(
            OwnValue.tenant_id == field.tenant_id, OwnValue.field_id == field.id
        ).execute()
        field.delete_instance()
        log.record(
            field.tenant_id, "field.delete", user_id=user_id, kind="field", object_id=field.id,
            details={"name": field.name},
        )  # fmt: skip


def move(field: OwnField, up: bool) -> None:
    """One place up or down."""
    fields = every(field.tenant_id, field.holder)
    at = next(i for i, other in enumerate(fields) if other.id == field.id)
    to = at - 1 if up else at + 1
    if 0 <= to < len(fields):
        fields[at], fields[to] = fields[to], fields[at]
        with database.atomic():
            for position, other in enumerate(fields, 1):
                other.position = position
                other.save()


def checked(field: OwnField, raw: Any) -> Any:
    """The value as it is kept, None for nothing; raises BadValue."""
    if field.kind == "choices":
        parts = raw if isinstance(raw, list | tuple) else re.split(r"[,;|]", str(raw or ""))
        chosen = [_chosen(field, part) for part in parts if str(part).strip()]
        return [choice for choice in field.choices if choice in chosen] or None
    if field.kind == "yesno" and isinstance(raw, bool):
        return raw
    text = words.one_line(str("" if raw is None else raw), 500)
    if not text:
        return None
    if field.kind == "number":
        return plain_number(text)
    if field.kind == "date":
        return _day(text)
    if field.kind == "yesno":
        return _yes(text)
    return _chosen(field, text) if field.kind == "choice" else text


def taken(
    tenant_id: int, holder: Holder, raw: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The values of a form, `own-<field id>` → raw, as key → value; raises Invalid. Keys without a field stay."""
    kept = dict(before or {})
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    for field in every(tenant_id, holder):
        name = f"own-{field.id}"
        if name not in raw:
            continue
        try:
            value = checked(field, raw[name])
        except BadValue as error:
            wrong[name] = (error.message, error.params)
            continue
        if value is None and field.required:
            wrong[name] = (N_("%(name)s must not be empty."), {"name": field.name})
        kept.pop(field.key, None)
        if value is not None:
            kept[field.key] = value
    if wrong:
        raise Invalid(fields=wrong)
    return kept


def reserve(tenant_id: int, holder: Holder, holder_id: int, values: Mapping[str, Any]) -> None:
    """Note the values of unique fields; raises Invalid for one that somebody else has. In a transaction."""
    for field in every(tenant_id, holder):
        if not field.is_unique:
            continue
        mine = (
            OwnValue.tenant_id == tenant_id,
            OwnValue.field_id == field.id,
            OwnValue.holder_id == holder_id,
        )
        OwnValue.delete().where(*mine).execute()
        if field.key not in values:
            continue
        try:
            with database.atomic():
                OwnValue.create(
                    tenant_id=tenant_id, field_id=field.id, value=unique_form(values[field.key]), holder_id=holder_id
                )  # fmt: skip
        except IntegrityError:
            text = N_("Somebody has this value in %(name)s already.")
            raise Invalid(fields={f"own-{field.id}": (text, {"name": field.name})}) from None


def ensure(tenant_id: int, name: str, user_id: int | None = None) -> OwnField:
    """The text field of people called `name`, made when it is missing; raises Conflict for a name nobody can use."""
    name = name_for(name)
    for field in every(tenant_id):
        if words.folded(name) in (words.folded(field.name), words.folded(field.key)):
            return field
    if not name:
        raise Conflict(N_("A column without a heading cannot become an own field."))
    return save(tenant_id, {"name": name}, user_id)


@lru_cache(maxsize=1_024)
def name_for(text: str) -> str:
    """What a field for a column headed `text` is called; empty when nothing usable is left of it."""
    name = " ".join(re.sub(r"[^\w .\-]+", " ", words.one_line(text, 60)).split()).strip(" _.-")
    return name if _NAME.match(name) else ""


def unique_form(value: Any) -> str:
    return words.one_line(str(value), 300).casefold()


def _fill(field: OwnField, values: Mapping[str, Any]) -> None:
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    if "name" in values:
        field.name = words.one_line(str(values["name"] or ""), 60)
    if not _NAME.match(field.name or ""):
        wrong["name"] = N_(
            "A field needs a name of letters, digits, spaces and hyphens that begins with a letter."
        )
    if field.kind not in KINDS:
        raise Invalid(fields={"kind": N_("Choose a kind from the list.")})
    if "choices" in values:
        lines = values["choices"].splitlines() if isinstance(values["choices"], str) else values["choices"]
        field.choices = list(dict.fromkeys(words.one_line(line, 80) for line in lines if line.strip()))[:200]
    if field.kind in ("choice", "choices") and not field.choices:
        wrong["choices"] = N_("Write the choices, one in a line.")
    if "help" in values:
        field.help = words.one_line(str(values["help"] or ""), 200)
    for name in ("required", "is_unique"):
        if name in values:
            setattr(field, name, bool(values[name]))
    if field.is_unique and field.kind in ("choices", "yesno"):
        wrong["is_unique"] = N_("Only texts, numbers, dates and choices can be unique.")
    if wrong:
        raise Invalid(fields=wrong)


def _index(field: OwnField) -> None:
    """Write down the values that are there; IntegrityError if two people share one."""
    from domain.subscribers.models import Organisation, Subscriber

    model = Subscriber if field.holder == Holder.SUBSCRIBER else Organisation
    OwnValue.delete().where(OwnValue.tenant_id == field.tenant_id, OwnValue.field_id == field.id).execute()
    query = model.select(model.id, model.fields).where(model.tenant_id == field.tenant_id).order_by(model.id)
    for row_id, fields in query.tuples().iterator():
        if (fields or {}).get(field.key) is not None:
            OwnValue.create(
                tenant_id=field.tenant_id, field_id=field.id, value=unique_form(fields[field.key]), holder_id=row_id
            )  # fmt: skip


def plain_number(text: str) -> int | float:
    """A number written the German or the English way; raises BadValue."""
    plain = text.replace("\u00a0", "").replace(" ", "").replace("\u2212", "-")
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+(,\d+)?", plain) or re.fullmatch(r"-?\d+,\d+", plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    if re.fullmatch(r"-?\d{1,15}", plain):
        return int(plain)
    if re.fullmatch(r"-?\d{1,15}\.\d{1,9}", plain):
        return float(plain)
    raise BadValue(N_("“%(value)s” is no number."), value=text[:40])


def _day(text: str) -> str:
    found = _DAY.fullmatch(text)
    try:
        if found:
            return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise BadValue(
            N_("“%(value)s” is no date. Write it as 31.12.2026 or 2026-12-31."), value=text[:40]
        ) from None


def _yes(text: str) -> bool:
    if text.casefold() in _YES:
        return True
    if text.casefold() in _NO:
        return False
    raise BadValue(N_("“%(value)s” is neither yes nor no."), value=text[:40])


def _chosen(field: OwnField, part: Any) -> str:
    text = words.one_line(str(part), 80)
    for choice in field.choices:
        if choice.casefold() == text.casefold():
            return str(choice)
    raise BadValue(N_("“%(value)s” is not among the choices."), value=text[:40])
