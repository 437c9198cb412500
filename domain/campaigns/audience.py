"""Who is meant by a campaign, and why somebody gets no mail: one query for the numbers and for the snapshot.

Audience = (everybody of the newsletter type, or chosen lists, or a segment, without an excluded segment)
∩ permission for the type.
"""

# ruff: noqa: S608 - statements are put together from constants of this module; values are always bound

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from peewee import ModelSelect

from domain import clock
from domain.campaigns import choosing, conditions, kin, optin
from domain.campaigns.models import Campaign
from domain.db import abreast, database, is_postgres, rows, sql
from domain.errors import Conflict
from domain.ledger.states import LeftOut
from domain.releases import robinson
from domain.segments import compile
from domain.segments.models import SegmentMember
from domain.subscribers.models import Consent, Subscriber, Subscription
from domain.tenancy import settings, territory, tree
from domain.tenancy.models import Tenant

ALWAYS = (Consent.CONFIRMED,)
CHOICES = (Consent.PROVED, Consent.UNKNOWN)  # the editor decides per campaign
LIVE = 2_000  # people of a tenant among whom a page counts by itself; of more, the page asks for the numbers later
SAMPLE_SCAN = 500  # people looked at for samples
PERSON = (
    "id", "address", "address_key", "salutation", "title", "first_name", "last_name", "city", "fields", "function",
    "street", "postcode", "region", "country", "language", "category", "birthday", "organisation",
    "organisation_status",
)  # fmt: skip

COLUMNS = ", ".join(f"s.{name}" for name in PERSON[:-2]) + ", o.name, o.status"

REASON = """CASE
    WHEN NOT (INSIDE) THEN {territory}
    WHEN s.address_key IS NULL THEN NO_ADDRESS
    WHEN x.id IS NOT NULL THEN {suppressed}
    WHEN s.locked_reason IS NOT NULL AND (s.locked_until IS NULL OR s.locked_until > ?) THEN {locked}
    WHEN o.locked_reason IS NOT NULL AND (o.locked_until IS NULL OR o.locked_until > ?) THEN {organisation_locked}
    WHEN c.consent IN ('revoked', 'lapsed') THEN {unsubscribed}
    WHEN PERMISSION
    WHEN s.deliverability = 'stopped' THEN {stopped}
    WHEN s.deliverability = 'bounced' THEN {undeliverable}
    WHEN CHOSEN END""".format(**{reason.name.lower(): int(reason) for reason in LeftOut})

UNPERMITTED = f"""c.consent = 'pending' THEN {int(LeftOut.UNCONFIRMED)}
    WHEN c.consent IS NULL OR c.consent NOT IN (CONSENTS) THEN {int(LeftOut.UNPROVED)}"""

_HEAD = (  # what leads, and how the customer joins it
    ("subscriber s", "LEFT JOIN organisation o ON o.id = s.organisation_id AND o.tenant_id = s.tenant_id"),
    ("organisation o {fixed} subscriber s ON s.organisation_id = o.id AND s.tenant_id = o.tenant_id", ""),
)
_FROM = """FROM {head}
    {join} subscription c ON c.tenant_id = s.tenant_id AND c.type_id = ? AND c.subscriber_id = s.id{behind}
    {firm}
    LEFT JOIN suppression x ON x.tenant_id = s.tenant_id AND x.address_key = s.address_key
        AND (x.until IS NULL OR x.until > ?)
    WHERE s.tenant_id = ? {lists}"""


def consents(campaign: Campaign) -> list[str]:
    """The states of consent that are mailed; an opt-in mail goes to those that need one."""
    if optin.is_one(campaign):
        return list(optin.ASKED_STATES)
    chosen = [c for c in (campaign.audience or {}).get("consents", []) if c in CHOICES]
    return [*ALWAYS, *chosen]


def is_large(tenant_id: int) -> bool:
    """Whether a page that names an audience of the tenant first shows itself and then asks for the numbers."""
    bounded = "SELECT count(*) FROM (SELECT 1 FROM subscriber WHERE tenant_id = ? LIMIT ?) counted"
    return bool(rows(bounded, [tenant_id, LIVE + 1], 1)[0][0] > LIVE)


def numbers(campaign: Campaign) -> tuple[int, dict[LeftOut, int]]:
    """(people who get the mail, reason → people left out) as of now."""
    text, values = statement(campaign, f"SELECT {REASON} AS reason, count(*)")
    found = dict(rows(text + " GROUP BY 1", values, 2))
    return found.pop(None, 0), {LeftOut(reason): count for reason, count in sorted(found.items())}


def lacking_address(campaign: Campaign) -> int:
    """How many selected people would get the mail if they had an address."""
    text, values = statement(campaign, f"SELECT {REASON} AS reason")
    otherwise = text.replace("s.address_key IS NULL THEN", "FALSE THEN", 1)
    row = database.execute_sql(
        sql(f"SELECT count(*) FROM ({otherwise} AND s.address_key IS NULL) found WHERE reason IS NULL"),
        values,
    ).fetchone()
    return int(row[0])


def chunk(campaign: Campaign, after_id: int, limit: int) -> Iterator[tuple[dict[str, Any], int | None]]:
    """Up to `limit` people behind `after_id` by id, each with the reason for leaving him out or None."""
    text, values = statement(campaign, f"SELECT {COLUMNS}, {REASON} AS reason", behind=after_id)
    text += " AND s.id > ? ORDER BY s.id LIMIT ?"
    for row in rows(text, [*values, after_id, limit], len(PERSON) + 1):
        yield dict(zip(PERSON, row[:-1], strict=True)), row[-1]


def by_ids(tenant_id: int, ids: list[int]) -> Iterator[dict[str, Any]]:
    """What a mail says of these people, as `chunk` gives it."""
    text = f"""SELECT {COLUMNS} FROM subscriber s
        LEFT JOIN organisation o ON o.id = s.organisation_id AND o.tenant_id = s.tenant_id
        WHERE s.tenant_id = ? AND s.id IN ({", ".join("?" * len(ids)) or "NULL"})"""
    for row in database.execute_sql(sql(text), [tenant_id, *ids]).fetchall():
        yield dict(zip(PERSON, row, strict=True))


def samples(tenant_id: int, type_id: int) -> list[Subscriber]:
    """People to try a mail with: usual ones and the extremes (longest name, title, no name), each once."""
    base = (
        Subscriber.select()
        .join(
            Subscription,
            on=(
                (Subscription.tenant_id == Subscriber.tenant_id)
                & (Subscription.subscriber_id == Subscriber.id)
                & (Subscription.type_id == type_id)
            ),
        )
        .where(
            Subscriber.tenant_id == tenant_id,
            Subscriber.address_key.is_null(False),
            Subscription.consent.in_([Consent.CONFIRMED, Consent.PROVED]),
        )
    )
    # by the column of the join that an index of it keeps in order, so that it ends at the limit
    usual, nameless = abreast(
        lambda: list(
            base.where(Subscriber.last_name != "").order_by(Subscription.subscriber_id).limit(SAMPLE_SCAN)
        ),
        lambda: _nameless(tenant_id, base),
    )
    found = usual[:3]
    if usual:
        found.append(max(usual, key=lambda p: len(p.first_name) + len(p.last_name)))
        found += [p for p in usual if p.title][:1]
    found += nameless
    return list({p.id: p for p in found}.values())


def _nameless(tenant_id: int, base: ModelSelect) -> list[Subscriber]:
    """One of `base` without a last name, among the first of the tenant by an index: where everybody has a name, the
    join alone would be walked to its end."""
    query = Subscriber.select(Subscriber.id).where(
        Subscriber.tenant_id == tenant_id, Subscriber.last_name == ""
    )
    order = (Subscriber.last_name, Subscriber.first_name, Subscriber.id)
    ids = [row[0] for row in query.order_by(*order).limit(SAMPLE_SCAN).tuples()]
    return list(base.where(Subscriber.id.in_(ids)).order_by(Subscriber.id).limit(1)) if ids else []


def end_of_chunk(campaign: Campaign, after_id: int, limit: int) -> int | None:
    """Id of the last of `limit` people behind `after_id`; None if there are fewer."""
    text, values = statement(campaign, "SELECT s.id", reasons=False)
    text += " AND s.id > ? ORDER BY s.id LIMIT 1 OFFSET ?"
    found = database.execute_sql(sql(text), [*values, after_id, limit - 1]).fetchone()
    return found[0] if found else None


def statement(
    campaign: Campaign, select: str, reasons: bool = True, leading: str = "", behind: int | None = None,
    paged: bool = False,
) -> tuple[str, list[Any]]:  # fmt: skip
    """`select` over the audience as `s`, `o`, `c`, `x`, open for another AND, and its values. `reasons`: REASON is
    among its columns, once. `leading`: SQLite, which guesses badly here, walks "s" or "o" first, in the order of an
    index; "o" leaves out people without a customer. `behind`: the caller wants people behind this id, which it asks for
    itself; PostgreSQL does not conclude it for what it merges with them, and would read all that lies before. `paged`:
    only the first rows are wanted, whoever they are."""
    now = clock.epoch()
    mailed = consents(campaign)
    further = "" if behind is None or not is_postgres() else f" AND {{}}.subscriber_id > {int(behind)}"
    lists = [int(i) for i in (campaign.audience or {}).get("lists", [])]
    holding, inside_of, (narrowed, bound), nameless, cases = abreast(
        lambda: robinson.holding(tree.get(campaign.tenant_id)), lambda: _inside(campaign),
        lambda: _segments(campaign, further.format("k")),
        lambda: choosing.without_address(campaign) if reasons else "",
        lambda: choosing.cases(campaign, now, paged) if reasons else "",
    )  # fmt: skip
    lists_of_others = robinson.clause(holding, "s.address_key", now)
    select = select.replace("x.id IS NOT NULL", f"(x.id IS NOT NULL{lists_of_others})")
    select = select.replace("INSIDE", inside_of)
    select = select.replace("PERMISSION", optin.AGREED if optin.is_one(campaign) else UNPERMITTED)
    select = select.replace("CONSENTS", ", ".join("?" * len(mailed)))
    if reasons:
        select = select.replace("NO_ADDRESS", nameless)
        select = select.replace("WHEN CHOSEN", cases)
    places = ", ".join("?" * len(lists))
    members = f"""SELECT 1 FROM list_member m WHERE m.tenant_id = s.tenant_id AND m.list_id IN ({places})
        AND m.subscriber_id = s.id"""
    named = bool(lists or (campaign.audience or {}).get("segment"))
    fixed = "CROSS JOIN" if leading and not is_postgres() else "JOIN"
    head, firm = _HEAD[leading == "o"]
    parts = {
        "join": "LEFT JOIN" if named else fixed, "head": head.format(fixed=fixed), "firm": firm,
        "lists": f"AND EXISTS ({members}{further.format('m')})" if lists else "", "behind": further.format("c"),
    }  # fmt: skip
    text = f"{select} {_FROM.format(**parts)} {narrowed}"
    values = [*([now, now, *mailed] if reasons else []), campaign.type_id, now, campaign.tenant_id]
    more, bound_of_kin = kin.restriction(campaign)
    return text + more, [*values, *lists, *bound, *bound_of_kin]


def _inside(campaign: Campaign) -> str:
    """The condition that a person belongs to the territory to which somebody bound holds the mailing."""
    if not campaign.territory_ids:
        return "TRUE"
    nodes = territory.below(campaign.tenant_id, campaign.territory_ids)
    places = ", ".join(str(int(node)) for node in nodes)
    return f"s.territory_id IS NOT NULL AND s.territory_id IN ({places})" if nodes else "FALSE"


@contextmanager
def picked(campaign: Campaign) -> Iterator[None]:
    """While a snapshot is made: whom segment and exclusion leave is asked once and kept, since asking for each chunk
    would cost a scan for every thousand people. A snapshot that goes on behind its cursor finds them again."""
    wanted = campaign.audience or {}
    if not (wanted.get("segment") or wanted.get("exclude")):
        yield
        return
    key = (campaign.tenant_id, -campaign.id)  # no segment has a number below zero
    if not campaign.snapshot_cursor:
        text, values = _segments(campaign)
        with database.atomic():
            _forget(*key)
            database.execute_sql(
                sql(
                    f"""INSERT INTO segment_member (tenant_id, segment_id, subscriber_id)
                    SELECT s.tenant_id, {-int(campaign.id)}, s.id FROM subscriber s WHERE s.tenant_id = ? {text}"""
                ),
                [campaign.tenant_id, *values],
            )
    campaign.audience = {**wanted, "picked": True}
    try:
        yield
        _forget(*key)
    finally:
        campaign.audience = wanted


def _forget(tenant_id: int, segment_id: int) -> None:
    SegmentMember.delete().where(
        SegmentMember.tenant_id == tenant_id, SegmentMember.segment_id == segment_id
    ).execute()


def _segments(campaign: Campaign, further: str = "") -> tuple[str, list[Any]]:
    """Another AND for the segment that is meant and the one that is excluded; empty if there is neither. `further`: one
    for the people kept of them."""
    wanted = campaign.audience or {}
    if wanted.get("picked"):
        return (
            f"""AND EXISTS (SELECT 1 FROM segment_member k WHERE k.tenant_id = s.tenant_id AND k.segment_id = ?
            AND k.subscriber_id = s.id{further})""",
            [-campaign.id],
        )
    parts: list[str] = []
    values: list[Any] = []
    for key, form in (("segment", "({})"), ("exclude", "NOT ({})")):
        if not wanted.get(key):
            continue
        try:
            text, bound = conditions.of_segment(campaign.tenant_id, wanted[key])
        except Conflict:  # also for those that are excluded: nobody, rather than everybody
            parts.append("FALSE")
            continue
        parts.append(form.format(text))
        values += bound
    return (f"AND ({' AND '.join(parts)})" if parts else ""), values


def _moment(tenant_id: int) -> compile.Moment:
    zone = settings.effective(Tenant.get_by_id(tenant_id))["time_zone"]
    return compile.Moment(tenant_id, zone or "Europe/Berlin")
