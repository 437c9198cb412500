"""DOOR: what was sent, for everybody: mails of newsletter types with an archive, without anybody's name or links."""

import email
import email.policy
import re
from dataclasses import dataclass
from datetime import datetime

from dispatcher.message.compose import Compiled
from dispatcher.rendering import enclosing, links
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.errors import NotFound
from domain.issues import placeholders
from domain.issues.models import Issue, IssueKind, IssueRevision
from domain.subscribers import types
from domain.subscribers.models import NewsletterType
from domain.tenancy.models import Tenant

PAGE_SIZE = 30
ENDED = (CampaignStatus.FINISHED, CampaignStatus.SENDING, CampaignStatus.WAITING)
NOBODY = "archive@archive.example"
WORDS = {"de": "Ihre Adresse", "en": "your address"}
SUBSCRIBE = {"de": "Newsletter abonnieren", "en": "Subscribe to the newsletter"}
_TOKEN = "archive"  # noqa: S105 - stands where a reader's token would, and opens nothing
# Every piece ends where a tag begins or ends: a long text must not be read anew from each of its signs.
_ANY = '[^"<>]*'
_LINK = rf'<a [^<>]*href="{_ANY}/m/{_TOKEN}{{}}"[^<>]*>'
_BROWSER = re.compile(_LINK.format("") + "[^<]*+</a>")
_WAYS = re.compile(
    rf"(?<=>)(?P<reason>[^<>]*+)(?:<br\s*/?>)?\s*+(?P<way>{_LINK.format('/unsubscribe')})[^<]*+</a>"
    rf"(?:&nbsp;|&#160;|[\s\xa0·])*+{_LINK.format(_ANY)}[^<]*+</a>"
)


@dataclass(frozen=True)
class Entry:
    """One mail of the archive."""

    issue_id: int
    subject: str
    preheader: str
    sent_at: datetime


def kinds(tenant_id: int) -> list[NewsletterType]:
    """The newsletter types of a tenant that have an archive."""
    return [kind for kind in types.public(tenant_id) if kind.archived]


def kind(tenant_id: int, slug: str) -> NewsletterType:
    """The type of this short name that has an archive; raises NotFound."""
    found = next((kind for kind in kinds(tenant_id) if kind.slug == slug), None)
    if found is None:
        raise NotFound
    return found


def entries(found: NewsletterType, before_id: int | None = None) -> tuple[list[Entry], int | None]:
    """(mails of a type, newest first; where the older ones begin or None)."""
    query = _sent(found)
    if before_id:
        query = query.where(Campaign.id < before_id)
    rows = list(query.order_by(Campaign.id.desc()).limit(PAGE_SIZE + 1))
    shown = rows[:PAGE_SIZE]
    revisions = {
        r.id: r
        for r in IssueRevision.select(IssueRevision.id, IssueRevision.subject, IssueRevision.preheader).where(
            IssueRevision.tenant_id == found.tenant_id,
            IssueRevision.id.in_([c.revision_id for c in shown] or [0]),
        )
    }
    made = [
        Entry(c.issue_id, placeholders.stripped(r.subject), placeholders.stripped(r.preheader), c.started_at)
        for c in shown if _for_everybody(c) and (r := revisions.get(c.revision_id))
    ]  # fmt: skip
    return made, shown[-1].id if len(rows) > PAGE_SIZE else None


def page(tenant: Tenant, found: NewsletterType, issue_id: int, sign_up_url: str) -> tuple[Entry, str]:
    """(entry, its HTML): everybody's fallbacks, and instead of a reader's own links the way to sign up. Raises
    NotFound."""
    campaign = _sent(found).where(Campaign.issue_id == issue_id).order_by(Campaign.id.desc()).first()
    if campaign is None or not _for_everybody(campaign):
        raise NotFound
    revision = IssueRevision.get_or_none(
        IssueRevision.tenant_id == tenant.id, IssueRevision.id == campaign.revision_id
    )
    if not revision:
        raise NotFound
    compiled = Compiled.load(bytes(revision.compiled))
    values = {"E-Mail": WORDS.get(found.language, WORDS["en"])}
    raw = compiled.render((0, NOBODY, "", values, _TOKEN))
    body = email.message_from_bytes(raw, policy=email.policy.default).get_body(("html",))  # type: ignore[union-attr]
    shown = enclosing.outside(body.get_content()) if body else ""
    html = links.uncounted(shown, _TOKEN, revision.links)
    html = _without_reader(html, found.language)
    html = re.sub(rf'(href=")[^"]*/m/{_TOKEN}[^"]*(")', lambda m: m[1] + sign_up_url + m[2], html)
    return Entry(
        issue_id,
        placeholders.stripped(revision.subject),
        placeholders.stripped(revision.preheader),
        campaign.started_at,
    ), html


def _without_reader(html: str, language: str) -> str:
    """The mail without what is said to somebody who has it in the inbox: no way to the browser, and instead of the
    reason and the ways out the way in. A frame of one's own that says it otherwise stays as it is."""
    address, subscribe = (words.get(language, words["en"]) for words in (WORDS, SUBSCRIBE))

    def way_in(found: re.Match[str]) -> str:
        said = "" if address in found["reason"] else found["reason"]
        return f"{said}{found['way']}{subscribe}</a>"

    return _WAYS.sub(way_in, _BROWSER.sub("", html))


def _sent(found: NewsletterType):  # type: ignore[no-untyped-def]
    return (
        Campaign.select(
            Campaign.id, Campaign.issue_id, Campaign.revision_id, Campaign.started_at, Campaign.audience
        )
        .join(Issue, on=((Issue.id == Campaign.issue_id) & (Issue.tenant_id == Campaign.tenant_id)))
        .where(
            Campaign.tenant_id == found.tenant_id, Campaign.type_id == found.id, Campaign.course == Course.OWN,
            Campaign.started_at.is_null(False), Campaign.status.in_(ENDED), Issue.kind == IssueKind.NEWSLETTER,
        )
    )  # fmt: skip


def _for_everybody(campaign: Campaign) -> bool:
    """What went to a list or a report was meant for these people only."""
    wanted = campaign.audience or {}
    return not (wanted.get("lists") or wanted.get("segment"))
