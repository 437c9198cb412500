"""What a tenant has set and what it inherits from above."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from domain.errors import N_, Invalid
from domain.tenancy import tree
from domain.tenancy.models import Tenant

DEFAULTS: dict[str, Any] = {
    "sender_name": "",
    "sender_address": "",
    "reply_to": "",
    "imprint": "",
    "footer": "",  # plain text above the imprint, where a template has none of its own
    "logo_id": 0,  # a picture among the media of the tenant that set it; 0: none
    "retention_months": 0,  # how long recipients of finished mailings stay known by address; 0: for ever
    "privacy_url": "",
    "colour": "#23508e",
    "language": "de",
    "time_zone": "Europe/Berlin",
    "approval_self": False,  # four eyes: nobody approves the own work
    "complete_recipients": False,  # a mailing waits until everybody selected has an address
    "approval_by_address": False,  # people without an account may decide, by signed link and code
    "tracking": "off",  # as domain.tenancy.measuring has it: openings and clicks of mails
    "quiet_hours": "",  # as domain.tenancy.quiet writes them
    "latest_start_h": 24,  # a mailing later than this waits for a person
}
MOST_MONTHS = 120
_COLOUR_DIGITS = set("0123456789abcdef")


@dataclass(frozen=True)
class Value:
    """A setting in force and where it comes from: the tenant itself, an ancestor, or None for the default."""

    value: Any
    origin: Tenant | None


def with_origin(tenant: Tenant) -> dict[str, Value]:
    """Every setting with its origin; the nearest in the tree wins."""
    return _nearest(tenant, [tenant, *tree.ancestors(tenant)])


def inherited(tenant: Tenant) -> dict[str, Value]:
    """What would hold if the tenant had set nothing itself."""
    return _nearest(tenant, tree.ancestors(tenant))


def _nearest(tenant: Tenant, chain: list[Tenant]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for key, default in DEFAULTS.items():
        origin = next((t for t in chain if key in (t.settings or {})), None)
        found[key] = Value(origin.settings[key] if origin else default, origin)
    if not found["sender_name"].value:
        found["sender_name"] = Value(tenant.name, None)
    return found


def effective(tenant: Tenant) -> dict[str, Any]:
    """Every setting in force for the tenant."""
    return {key: found.value for key, found in with_origin(tenant).items()}


def change(tenant: Tenant, wanted: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Set what is named in `wanted` (None: inherit again); returns key → (before, after). Raises Invalid."""
    fields: dict[str, str | tuple[str, dict[str, object]]] = {}
    if wanted.get("time_zone") and wanted["time_zone"] not in available_timezones():
        fields["time_zone"] = N_("We do not know this time zone. Example: Europe/Berlin")
    colour = wanted.get("colour")
    if colour and not (
        len(colour) == 7 and colour[0] == "#" and set(colour[1:].casefold()) <= _COLOUR_DIGITS
    ):
        fields["colour"] = N_("Write the colour as # and six digits, for example #23508e.")
    months = wanted.get("retention_months")
    if months is not None and not 0 <= months <= MOST_MONTHS:
        fields["retention_months"] = N_("Choose one of the answers.")
    if wanted.get("tracking") not in (None, "off", "numbers", "people"):
        fields["tracking"] = N_("Choose one of the answers.")
    if fields:
        raise Invalid(fields=fields)
    before = dict(tenant.settings or {})
    after = {
        key: value for key, value in {**before, **wanted}.items() if value is not None and key in DEFAULTS
    }
    if after != before:
        tenant.settings = after
        tenant.save()
    return {key: (before.get(key), after.get(key)) for key in wanted if before.get(key) != after.get(key)}


def colours(colour: str) -> tuple[str, str]:
    """The tenant's colour as wished and as used: darkened in steps until white text on it has 4.5:1."""
    used = colour
    while contrast_on_white(used) < 4.5:
        red, green, blue = (int(int(used[i : i + 2], 16) * 0.92) for i in (1, 3, 5))
        used = f"#{red:02x}{green:02x}{blue:02x}"
    return colour, used


def contrast_on_white(colour: str) -> float:
    """WCAG contrast of `#rrggbb` to white, 1 to 21."""

    def channel(value: int) -> float:
        part = value / 255
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = (channel(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
