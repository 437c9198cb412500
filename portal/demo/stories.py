"""Thirty articles of the head office and three of the branch: read from text files, then lived through."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from domain.accounts import policy
from domain.accounts.models import User
from domain.content import articles
from domain.content.models import Article, ArticleState
from domain.tenancy.models import Tenant
from mediadb.models import Asset
from portal.demo import days

FOLDER = Path(__file__).parent / "stories"
FILES = {"lindenhof": ("stadt", "kultur", "wirtschaft"), "suedpost": ("suedpost",)}
IN_FULL = ("bridge", "shop")
_FIELD = re.compile(r"([A-Z][a-z]+): (.+)")


@dataclass(frozen=True)
class Story:
    """An article as its file tells it; `fields` are Key, Category, Author, Picture, State, Age (hours), Until,
    Remark, Document."""

    title: str
    teaser: str
    body: str
    fields: dict[str, str]

    @property
    def key(self) -> str:
        return self.fields["Key"]

    @property
    def age(self) -> timedelta:
        odd_minutes = sum(map(ord, self.key)) % 53  # nobody works by the full hour
        return timedelta(hours=int(self.fields["Age"]), minutes=odd_minutes)

    def link(self, slug: str) -> str:
        """Where the mail sends its readers on; without it the mail holds the whole article."""
        finished = self.fields["State"] in ("accepted", "used")
        return f"https://www.{slug}.example/{self.key}" if finished and self.key not in IN_FULL else ""


def read(slug: str, today: date) -> Iterator[Story]:
    """The stories of a tenant with their days written out."""
    for name in FILES[slug]:
        text = days.written((FOLDER / f"{name}.txt").read_text(encoding="utf-8"), today)
        for chunk in re.split(r"^# ", text, flags=re.M)[1:]:
            head, teaser, *paragraphs = re.split(r"\n\s*\n", chunk.strip())
            title, *fields = head.splitlines()
            yield Story(title, teaser, "".join(map(_html, paragraphs)), dict(map(_field, fields)))


def publish(
    tenant: Tenant, users: dict[str, User], editor: User, assets: dict[str, Asset], now: datetime,
    timeline: days.Timeline,
) -> dict[str, Article]:  # fmt: skip
    """Let every story be written, submitted and decided on in its time; key → article, filled while it is played."""
    found: dict[str, Article] = {}
    for story in read(tenant.slug, now.astimezone(days.ZONE).date()):
        life = _Life(tenant, story, users[story.fields["Author"]], editor, assets, found, now)
        life.plan(timeline)
    return found


class _Life:
    """One article from its first line to the state its story names."""

    def __init__(
        self, tenant: Tenant, story: Story, author: User, editor: User, assets: dict[str, Asset],
        found: dict[str, Article], now: datetime,
    ) -> None:  # fmt: skip
        self._tenant, self._story, self._author, self._editor = tenant, story, author, editor
        self._assets, self._found, self._now = assets, found, now
        self._rights = policy.rights_of(author, tenant.id)

    def plan(self, timeline: days.Timeline) -> None:
        age, state = self._story.age, ArticleState(self._story.fields["State"])
        timeline.at(days.in_office(self._now - age * 1.2), self._write)
        if state != ArticleState.DRAFT:
            timeline.at(days.in_office(self._now - age), self._submit)
        later: dict[ArticleState, Callable[[], None]] = {
            ArticleState.RETURNED: self._return,
            ArticleState.ACCEPTED: self._accept,
            ArticleState.USED: self._accept,
            ArticleState.EXPIRED: self._expire,
            ArticleState.ARCHIVED: self._archive,
        }
        if state in later:
            timeline.at(days.in_office(self._now - age * 0.9), later[state])

    def _write(self) -> None:
        story = self._story
        asset = self._assets.get(story.fields["Picture"])
        until, document = story.fields.get("Until"), self._assets.get(story.fields.get("Document", ""))
        article = articles.create(self._tenant.id, self._author)
        self._found[story.key] = articles.save(
            article, self._author, self._rights, article.version,
            {
                "title": story.title, "teaser": story.teaser, "body": story.body,
                "category": story.fields["Category"], "language": "de", "link_url": story.link(self._tenant.slug),
                "documents": [document.id] if document else [],
                "asset_id": asset.id if asset else None, "asset_alt": asset.alt if asset else "",
                "valid_until": days.day(until, self._now.astimezone(days.ZONE).date()) if until else None,
            },
        )  # fmt: skip

    def _submit(self) -> None:
        articles.submit(self._article, self._author, self._rights)

    def _return(self) -> None:
        articles.give_back(self._article, self._editor, self._story.fields["Remark"])

    def _accept(self) -> None:
        articles.accept(self._article, self._editor)

    def _expire(self) -> None:
        self._accept()
        self._article.state = ArticleState.EXPIRED
        self._article.save()

    def _archive(self) -> None:
        self._accept()
        articles.archive(self._article, self._editor)

    @property
    def _article(self) -> Article:
        return self._found[self._story.key]


def _field(line: str) -> tuple[str, str]:
    found = _FIELD.fullmatch(line)
    if found is None:
        raise ValueError(f"no field of a story: {line}")
    return found[1], found[2]


def _html(paragraph: str) -> str:
    """`## Heading` and `- items` as Markdown writes them; everything else is a paragraph."""
    heading, _, rest = paragraph.partition("\n") if paragraph.startswith("## ") else ("", "", paragraph)
    made = f"<h3>{html.escape(heading[3:])}</h3>" if heading else ""
    if rest.startswith("- "):
        items = "".join(f"<li>{html.escape(line[2:])}</li>" for line in rest.splitlines())
        return f"{made}<ul>{items}</ul>"
    return made + (f"<p>{html.escape(rest)}</p>" if rest else "")
