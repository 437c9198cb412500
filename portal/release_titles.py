"""What releases open, in words."""

from typing import Any

from flask_babel import gettext as _

from dispatcher.jobs import copies
from domain.accounts import policy
from domain.releases.models import Release


def title(row: Any) -> str:
    """What a row is called."""
    return getattr(row, "title", "") or getattr(row, "name", "") or _("Untitled")


def titles(releases: list[Release]) -> dict[int, str]:
    """Release id → what it opens, one query per kind; what is gone is left out."""
    wanted: dict[str, list[Release]] = {}
    found = {r.id: _("the whole list") for r in releases if r.kind == "robinson"}
    for release in releases:
        wanted.setdefault(release.kind, []).append(release)
    people = policy.names(r.object_id for r in wanted.get("user", []))
    found.update({r.id: people[r.object_id] for r in wanted.get("user", []) if r.object_id in people})
    for kind, some in wanted.items():
        if kind not in copies.OBJECTS:
            continue
        model = copies.OBJECTS[kind]
        rows = model.select().where(
            model.tenant_id.in_({r.tenant_id for r in some}), model.id.in_({r.object_id for r in some})
        )
        named = {(row.tenant_id, row.id): title(row) for row in rows}
        found.update(
            {r.id: named[r.tenant_id, r.object_id] for r in some if (r.tenant_id, r.object_id) in named}
        )
    return found
