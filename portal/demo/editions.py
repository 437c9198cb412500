"""The issues of the demo house: one sent, one ready, one waiting for its approval, two being put together."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatcher import clearance
from dispatcher.rendering import render
from domain.accounts.models import User
from domain.campaigns import planning
from domain.campaigns.models import Campaign
from domain.content.models import Article
from domain.issues import assembly, commissions, schedule
from domain.issues.models import BlockKind, Issue
from domain.subscribers.models import NewsletterType
from domain.tenancy.models import Tenant

WANTED = (  # what the issue being put together still waits for: about what, from whom, hours from now, a note
    (
        "Azubis im Handwerk: drei erzählen",
        "meral",
        26,
        "4.000 Zeichen, ein Bild je Person. Kontakt über die Kammer.",
    ),
    ("Was der Hafen 2027 baut", "hannah", -4, "Zahlen aus dem Haushalt, bitte mit Quelle."),
)


@dataclass(frozen=True)
class Edition:
    """An issue before it is put together; `articles` are (key of the story, layout)."""

    kind: str
    number: int
    articles: tuple[tuple[str, str], ...]
    subject: str = ""
    preheader: str = ""
    intro: str = ""
    button: tuple[str, str] = ("", "")


SENT = Edition(
    "stadtgespraech", 46,
    (("cycling", "top"), ("pool", "left"), ("house", "left"), ("church", "right"), ("depot", "left")),
    "Grüne Spuren für die Südstadt und ein volles Becken",
    "84 Parkplätze weichen breiteren Radwegen. Dazu: das Hallenbad Ost und ein Turm mit Aussicht.",
    "die Südstadt bekommt Radwege, auf denen zwei Räder nebeneinander Platz haben. Was das für die Parkplätze heißt, "
    "haben wir nachgezählt.",
    ("Alle Artikel der Woche", "https://www.lindenhof.example/woche"),
)  # fmt: skip
READY = Edition(
    "stadtgespraech", 47,
    (("bridge", "top"), ("market", "left"), ("theatre", "left"), ("tram", "left"), ("library", "right")),
    "Leinebrücke gesperrt: So kommen Sie ab Montag ans Ziel",
    "Ab Montag fährt der Bus einen Umweg. Dazu: neue Marktstände und die Spielzeit im Stadttheater.",
    "ab Montag wird die Leinebrücke saniert, und wer mit dem Bus zur Arbeit fährt, merkt es zuerst. Wir haben die "
    "neuen Wege zusammengestellt.",
    ("Alle Termine der Woche", "https://www.lindenhof.example/termine"),
)  # fmt: skip
ASKED = Edition(
    "kulturkalender", 11,
    (("theatre", "top"), ("maps", "left"), ("church", "left")),
    "Drei Abende, 62 Stadtpläne und ein Turm mit Aussicht",
    "Was Sie in den nächsten Wochen nicht verpassen sollten, mit Preisen und Zeiten.",
    "unser Kalender führt Sie diesmal von der Bühne ins Archiv und dann 364 Stufen nach oben.",
    ("Alle Termine mit Karten", "https://www.lindenhof.example/kultur"),
)  # fmt: skip
BEGUN = Edition(
    "wirtschaftsbrief",
    13,
    (("wind", "top"), ("crafts", "left"), ("plant", "left")),
    "Vierhundert Anteile am Wind",
)
BRANCH = Edition(
    "suedpost-brief", 8, (("shop", "top"), ("field", "left")),
    "Ein Laden, der dem Dorf gehört",
    "Der Dorfladen Bücken zieht nach einem Jahr Bilanz.",
    "vor einem Jahr war das Licht im letzten Supermarkt aus. Jetzt feiert der Dorfladen Geburtstag.",
)  # fmt: skip


class Desk:
    """Where issues of one tenant are put together and planned."""

    def __init__(
        self, tenant: Tenant, kinds: dict[str, NewsletterType], found: dict[str, Article], base_url: str
    ) -> None:
        self._tenant, self.kinds, self._found = tenant, kinds, found
        self.base_url = render.base_url_of(tenant, base_url)

    def assemble(self, edition: Edition, editor: User, planned_at: datetime) -> Issue:
        """The issue with its blocks, subject and time."""
        issue = assembly.create(self._tenant.id, self.kinds[edition.kind].id, editor.id, planned_at)
        name = f"{self.kinds[edition.kind].name} Nr. {edition.number}"
        Issue.update(number=edition.number).where(
            Issue.tenant_id == self._tenant.id, Issue.id == issue.id
        ).execute()
        issue = assembly.get(self._tenant.id, issue.id)
        assembly.set_head(issue, subject=edition.subject, preheader=edition.preheader, name=name)
        if edition.intro:
            html = f"<p>[Briefanrede|Guten Morgen],</p><p>{edition.intro}</p>"
            assembly.edit(issue, assembly.blocks(issue)[0], {"html": html})
        for key, layout in edition.articles:
            block = assembly.add_article(issue, self._found[key].id)
            assembly.edit(issue, block, {"layout": layout})
        label, url = edition.button
        if label:
            assembly.edit(issue, assembly.add(issue, BlockKind.BUTTON), {"label": label, "url": url})
        return issue

    def plan(self, issue: Issue, editor: User) -> Campaign:
        """The mailing of an issue: its type's sender, confirmed and proved readers, the planned time."""
        kind = next(kind for kind in self.kinds.values() if kind.id == issue.type_id)
        sender = render.sender_of(self._tenant, kind)
        campaign = planning.draft_for(issue, editor.id, sender.name, sender.address, sender.reply_to)
        planning.plan(campaign, {"send_at": issue.planned_at, "consents": ["proved"], "lists": []})
        return planning.get(self._tenant.id, campaign.id)

    def ask(self, issue: Issue, campaign: Campaign, editor: User, note: str) -> Campaign:
        """Freeze issue and plan and ask for their approval."""
        issue = assembly.get(self._tenant.id, issue.id)
        planning.plan(campaign, {"test_mode": False})
        clearance.ask(self._tenant, issue, campaign, editor, self.base_url, note)
        return planning.get(self._tenant.id, campaign.id)


def expect(issue: Issue, editor: User, people: dict[str, User], now: datetime) -> None:
    """Ask authors for what an issue still needs; its deadline for all is the last of theirs."""
    days = [days_of(now, hours) for _topic, _author, hours, _note in WANTED]
    deadline = min(max(days), issue.planned_at - timedelta(hours=2))
    schedule.set_dates(issue, issue.planned_at, deadline)
    for (topic, author, _hours, note), day in zip(WANTED, days, strict=True):
        row = commissions.save(issue, editor, topic, people[author].id, min(day, deadline), note)
        row.reminded_at = row.late_at = now - timedelta(hours=3)  # they have heard of it: the house is quiet
        row.save()


def days_of(now: datetime, hours: float) -> datetime:
    """A full hour about so far from now."""
    return (now + timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
