"""Every page there is: what each person of the demo house reaches by links, and what no link shows.

A page is visited once per shape of its address (numbers and tokens do not count) and once per person where the
address is the same for all but the page is not.
"""

import re
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Error, Page

from domain import db, tokens
from domain.accounts import sessions
from domain.accounts.models import User
from portal.demo.people import PASSWORD
from portal.secret import read_secret

# Who sees most comes first, so that a page is seen with all its buttons.
PEOPLE = {
    "chief": "sabine.roehl@lindenhof.example",
    "admin": "ingrid.matthiesen@lindenhof.example",
    "editor": "katrin.albers@lindenhof.example",
    "journalist": "jonas.weidner@lindenhof.example",
    "sender": "tobias.kern@lindenhof.example",
    "subscribers": "nele.brinkmann@lindenhof.example",
    "auditor": "henrik.sievers@lindenhof.example",
    "branch": "lars.petersen@suedpost.example",
}
# Files, people's HTML, and what readers see: that is walked below with the links that they get.
NOT_PAGES = re.compile(r"\.(csv|xlsx|zip|css|js|json|png|jpg|svg|eml)$|/(html|body|mail|raw|file)$|^/[nm]/")
Look = Callable[[Page, str], list[str]]
_sessions: dict[str, Any] = {}  # address → the cookies of whoever came in by the form


@dataclass(frozen=True)
class Stop:
    """An address and the name under which a picture of it is kept; status is what the server answers."""

    name: str
    path: str
    status: int = 200


def sign_in(page: Page, email: str) -> None:
    """Be this person of the demo house, whoever was signed in before: by the form at first, later with the session that
    it gave."""
    page.context.clear_cookies()
    if email in _sessions:
        page.context.add_cookies(_sessions[email])
        page.goto("/")
    else:
        page.goto("/signin")
    if urlsplit(page.url).path == "/signin":
        page.fill("input[type=email]", email)
        page.fill("input[type=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_selector(".rb-foot", state="attached")
        _sessions[email] = page.context.cookies()
    page.wait_for_selector(".rb-foot", state="attached")


def shape(url: str) -> str:
    """The address without what differs from object to object: /t/lindenhof/issues/47 → /t/*/issues/#."""
    path = re.sub(r"^/t/[^/]+", "/t/*", urlsplit(url).path.rstrip("/") or "/")
    path = re.sub(r"/[\w-]{20,}(?=/|$)", "/token", path)
    return re.sub(r"/\d+(?=/|$)", "/#", path)


def name_of(who: str, path_shape: str) -> str:
    words = path_shape.replace("/t/*", "").replace("#", "n").strip("/").replace("/", "-")
    return f"{who}-{words or 'overview'}"


def everything_linked(page: Page, look: Look) -> None:
    """Each person starts at the overview; `look(page, name)` sees a page and returns the links on it."""
    seen: set[str] = set()
    for who, email in PEOPLE.items():
        sign_in(page, email)
        start = urlsplit(page.url).path
        waiting = deque([start])
        own = {shape(start)}
        while waiting:
            path = waiting.popleft()
            if not opened(page, path):
                continue
            for link in look(page, name_of(who, shape(path))):
                parts, kind = urlsplit(link), shape(link)
                if kind in seen or kind in own or NOT_PAGES.search(parts.path):
                    continue
                own.add(kind)
                waiting.append(parts.path)
        seen |= own


def opened(page: Page, path: str, status: int = 200) -> bool:
    """Whether there is a page; a download is none, and another answer than `status` is a fault."""
    try:
        answer = page.goto(path)
    except Error as error:
        if "Download is starting" in error.message:
            return False
        raise
    assert answer is not None
    assert answer.status == status, f"{path} answers {answer.status}"
    return answer.headers.get("content-type", "").startswith("text/html")


def by_state(instance: Path) -> Iterator[Stop]:
    """Pages of lindenhof that look different in each state, for somebody who may see them all."""
    base = "/t/lindenhof"
    queries = {
        "article": ("SELECT state, min(id) FROM article WHERE tenant_id = 1 GROUP BY state", "articles/{}"),
        "issue": (
            "SELECT state, min(id) FROM issue WHERE tenant_id = 1 AND kind = 'newsletter' GROUP BY state",
            "issues/{}",
        ),
        "campaign": (
            "SELECT status, min(id) FROM campaign WHERE tenant_id = 1 GROUP BY status",
            "campaigns/{}",
        ),
        "approval": (
            "SELECT state, min(id) FROM approval WHERE tenant_id = 1 GROUP BY state",
            "approvals/{}",
        ),
        "locked": (
            "SELECT 'yes', min(id) FROM subscriber WHERE tenant_id = 1 AND locked_reason IS NOT NULL",
            "subscribers/{}",
        ),
    }
    with closing(sqlite3.connect(instance / "portal.db")) as house:
        for kind, (query, address) in queries.items():
            for state, number in house.execute(query).fetchall():
                yield Stop(f"{kind}-{state}", f"{base}/{address.format(number)}")
        drafts = house.execute("SELECT id FROM issue WHERE tenant_id = 1 AND state = 'draft'").fetchall()
    for number in drafts[-1]:
        yield Stop("issue-plan", f"{base}/issues/{number}/plan")
        yield Stop("issue-preview-narrow", f"{base}/issues/{number}?part=narrow")
    for place in ("pool", "subscribers", "media"):
        yield Stop(f"nothing-found-{place}", f"{base}/{place}?q=xyzxyz")
    yield Stop("media-trash", f"{base}/media/trash")
    yield Stop("missing", f"{base}/issues/99999", 404)


def public(instance: Path, language: str = "de") -> Iterator[Stop]:
    """Pages for readers and pages before the door, in a language."""
    for stop in _public(instance):
        joint = "&" if "?" in stop.path else "?"
        yield Stop(stop.name, f"{stop.path}{joint}lang={language}", stop.status)


def _public(instance: Path) -> Iterator[Stop]:
    """The links carry signed tokens, made here as the house makes them."""
    tokens.configure(read_secret(instance / "secret.key"))
    with closing(sqlite3.connect(instance / "portal.db")) as house:
        (delivery,) = house.execute(
            "SELECT min(id) FROM delivery WHERE state = 3 AND subscriber_id > 0"
        ).fetchone()
        types = house.execute(
            "SELECT id, slug FROM newsletter_type WHERE tenant_id = 1 AND public"
        ).fetchall()
        person, asked = house.execute(  # somebody who has not answered yet, if there is one
            """SELECT s.subscriber_id, s.type_id FROM subscription s WHERE s.tenant_id = 1
            ORDER BY s.consent = 'pending' AND EXISTS (SELECT 1 FROM consent_event e WHERE e.tenant_id = 1
                AND e.subscriber_id = s.subscriber_id AND e.type_id = s.type_id AND e.act = 'ask') DESC,
            s.consent = 'confirmed' DESC, s.id LIMIT 1"""
        ).fetchone()
    mail = tokens.mail_token("mail", delivery)
    yield Stop("sign-up", "/n/lindenhof")
    yield Stop("sign-up-one", f"/n/lindenhof/{types[0][1]}")
    yield Stop("sign-up-sent", "/n/lindenhof/sent")
    yield Stop(
        "sign-up-confirm", f"/n/lindenhof/confirm/{tokens.timed_token('confirm', [1, person, [asked]])}"
    )
    yield Stop("sign-up-stale", "/n/lindenhof/confirm/altered", 410)
    yield Stop("reader-lost", "/m/altered/preferences", 404)
    yield Stop("preferences", f"/m/{mail}/preferences")
    yield Stop("preferences-saved", f"/m/{mail}/preferences?saved=1")
    yield Stop("unsubscribe", f"/m/{mail}/unsubscribe")
    yield Stop("sign-in", "/signin")
    yield Stop("forgot", "/forgot")
    db.bind(f"sqlite:///{instance / 'portal.db'}")
    with db.connection():
        yield Stop("reset", f"/reset/{sessions.reset_token(User.get(User.email == PEOPLE['auditor']))}")
    yield Stop("reset-expired", "/reset/altered", 410)
    yield Stop("welcome-expired", "/welcome/altered", 410)


def web_version(instance: Path) -> str:
    """The address of an issue that was sent, as its reader sees it in the browser."""
    tokens.configure(read_secret(instance / "secret.key"))
    with closing(sqlite3.connect(instance / "portal.db")) as house:
        (delivery,) = house.execute(
            """SELECT min(d.id) FROM delivery d
            JOIN campaign c ON c.id = d.campaign_id JOIN issue i ON i.id = c.issue_id
            WHERE d.state = 3 AND d.subscriber_id > 0 AND i.kind = 'newsletter'"""
        ).fetchone()
    return f"/m/{tokens.mail_token('mail', delivery)}"
