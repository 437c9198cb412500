"""An event block as a file for calendars (RFC 5545)."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain import clock, tokens
from domain.errors import NotFound
from domain.issues.models import Block, BlockKind
from domain.tenancy import settings as tenant_settings
from domain.tenancy.models import Tenant

_ESCAPED = re.compile(r"([\\;,])")
DEFAULT_LENGTH = timedelta(hours=1)  # taste: what calendars give an event without an end


def of_token(tenant: Tenant, token: str) -> str:
    """The file of the event that a link names; raises NotFound for altered links and what is no event any more."""
    try:
        block_id = tokens.read_mail_token("event", token)
    except tokens.BadToken:
        raise NotFound from None
    found = Block.get_or_none(
        Block.tenant_id == tenant.id, Block.id == block_id, Block.kind == BlockKind.EVENT, Block.position > 0
    )
    if found is None or not found.data.get("starts"):
        raise NotFound
    zone = ZoneInfo(str(tenant_settings.effective(tenant)["time_zone"]))
    return text_of(found.data, f"event-{block_id}@{tenant.slug}", tenant.name, zone)


def text_of(data: dict[str, Any], uid: str, organiser: str, zone: ZoneInfo) -> str:
    """The lines of the file; times without a zone are those of `zone`, days without a time last the whole day."""
    starts, ends = data["starts"], data.get("ends", "")
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Rundbrief//Event//EN", "BEGIN:VEVENT", f"UID:{uid}",
        f"DTSTAMP:{_utc(clock.now())}",
    ]  # fmt: skip
    if "T" in starts:
        begin = datetime.fromisoformat(starts).replace(tzinfo=zone)
        end = datetime.fromisoformat(ends).replace(tzinfo=zone) if "T" in ends else begin + DEFAULT_LENGTH
        lines += [f"DTSTART:{_utc(begin)}", f"DTEND:{_utc(end)}"]
    else:
        last = date.fromisoformat((ends or starts)[:10]) + timedelta(days=1)  # the end is the first day after
        lines += [f"DTSTART;VALUE=DATE:{starts.replace('-', '')}", f"DTEND;VALUE=DATE:{last:%Y%m%d}"]
    lines.append(f"SUMMARY:{_text(data.get('title', ''))}")
    for name, value in (("LOCATION", data.get("place")), ("URL", data.get("url"))):
        if value:
            lines.append(f"{name}:{_text(value) if name != 'URL' else value}")
    lines += [f"DESCRIPTION:{_text(organiser)}", "END:VEVENT", "END:VCALENDAR"]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    return _ESCAPED.sub(r"\\\1", " ".join(value.split()))


def _folded(line: str) -> str:
    """Lines of at most 75 octets, the rest behind a space; no character is cut."""
    out, current = [], ""
    for char in line:
        if len((current + char).encode()) > 74:
            out.append(current)
            current = ""
        current += char
    return "\r\n ".join([*out, current])
