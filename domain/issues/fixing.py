"""What the owner of a mail template has fixed in the copies that other tenants make of it.

A copy names the template it comes from and asks it every time: fixed parts are the owner's as they are now, the others
are its own. Who copies a copy stays bound. Once the original is deleted nothing is fixed any more.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.audit import log
from domain.db import database, unscoped
from domain.errors import N_, Conflict, NotFound
from domain.issues import design
from domain.issues.models import MailTemplate

PARTS: dict[str, tuple[str, tuple[str, ...]]] = {  # name → what it is called, the values of a design in it
    "colours": (N_("Colours"), (*design.COLOURS,)),
    "fonts": (N_("Fonts"), ("heading_font", "text_font", "lead_font", "text_size")),
    "widths": (N_("Widths and spacing"), ("width", "spacing", "corners", "button", "between", "category")),
    "logo": (N_("Logo"), ("logo_id", "logo_alt", "logo_width")),
    "head": (N_("Head"), ("head", "tagline", "show_name", "show_date")),
    "foot": (N_("Foot"), ("foot_text", "foot_align", "links")),
}
DEEPEST = 5  # copies of copies that are followed
LOCKED = N_("The head office has fixed this part of the template; it stays as it is.")


@dataclass(frozen=True)
class InForce:
    """A template as it shows itself: the design with what is fixed, its frame, whose media hold the logo, which parts
    are fixed, and by which tenant."""

    design: design.Design
    html: str
    css: str
    logo_tenant_id: int
    parts: tuple[str, ...] = ()
    by_tenant_id: int | None = None


def of(template: MailTemplate) -> InForce:
    """What holds for a template now."""
    return _of(template, 0)


def of_copies(template: MailTemplate) -> tuple[str, ...]:
    """The parts that a copy in another tenant must keep."""
    above = of(template).parts
    return tuple(part for part in PARTS if part in above or part in (template.locks or ()))


def save(template: MailTemplate, parts: Collection[str], user_id: int) -> None:
    """Say which parts copies in other tenants must keep; raises NotFound for an unknown one."""
    if not set(parts) <= set(PARTS):
        raise NotFound
    chosen = [part for part in PARTS if part in parts]
    with database.atomic():
        MailTemplate.update(locks=chosen).where(
            MailTemplate.tenant_id == template.tenant_id, MailTemplate.id == template.id
        ).execute()
        log.record(
            template.tenant_id, "template.locks", user_id=user_id, kind="template", object_id=template.id,
            details={"parts": chosen},
        )  # fmt: skip
    template.locks = chosen


def held(template: MailTemplate, made: design.Design) -> design.Design:
    """`made` with the fixed values in place of its own."""
    now = of(template)
    return replace(made, **_values(now.design, now.parts))


def kept(template: MailTemplate, made: design.Design) -> design.Design:
    """`made` as the template stores it: what is fixed stays what it was before, for the day when it is free again."""
    return replace(made, **_values(design.of(template.design), of(template).parts))


def check(template: MailTemplate, made: design.Design, given: Mapping[str, Any]) -> None:
    """Raise Conflict when a form (`given`, of which `made` came) says something else about a fixed part. What it does
    not name it leaves alone."""
    now = of(template)
    for key, value in _values(now.design, now.parts).items():
        if key in given and getattr(made, key) != value:
            raise Conflict(LOCKED)


def check_source(template: MailTemplate) -> None:
    """Raise Conflict where anything is fixed: with HTML and CSS of one's own nothing would be."""
    if of(template).parts:
        raise Conflict(
            N_("The head office has fixed parts of this template, so its HTML and CSS stay as they are.")
        )


def _of(template: MailTemplate, depth: int) -> InForce:
    own = InForce(design.of(template.design), template.html, template.css, template.tenant_id)
    origin = _origin(template) if depth < DEEPEST else None
    if origin is None:
        return own
    above = _of(origin, depth + 1)
    locks = origin.locks or ()
    parts = tuple(part for part in PARTS if part in above.parts or part in locks)
    if not parts:
        return own
    return InForce(
        replace(own.design, **_values(above.design, parts)), above.html, above.css,
        above.logo_tenant_id if "logo" in parts else own.logo_tenant_id, parts,
        above.by_tenant_id if above.by_tenant_id is not None else origin.tenant_id,
    )  # fmt: skip


def _values(made: design.Design, parts: Collection[str]) -> dict[str, Any]:
    return {key: getattr(made, key) for part in parts for key in PARTS[part][1]}


@unscoped("a copy keeps what the tenant it comes from has fixed")
def _origin(template: MailTemplate) -> MailTemplate | None:
    """The template that a copy was made of, in another tenant."""
    if not template.origin_id:
        return None
    return MailTemplate.get_or_none(
        MailTemplate.tenant_id == template.origin_tenant_id, MailTemplate.id == template.origin_id
    )
