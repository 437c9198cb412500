"""How many queries and how long the portal's main pages take in a large house, against the demo house.

300 tenants, 2,000 people, 500 releases, and in the head office 5,000 articles and 20,000 media, as plain rows: one
shared password hash, one shared picture. Prints one line of JSON last: page → queries, median_ms, ratio_demo.
`make bench-portal`.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import peewee
from flask import Flask
from flask.testing import FlaskClient

from domain import clock, db
from domain.accounts import passwords, rolebook, sessions
from domain.accounts.models import Duty, DutyKind, Membership, User
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.content.models import Article
from domain.folding import fold
from domain.issues import assembly, letters
from domain.issues.models import Issue, IssueKind, IssueState
from domain.releases.models import Release
from domain.rollouts import course
from domain.subscribers.models import DistributionList, NewsletterType
from domain.tenancy.models import Tenant
from mediadb.models import Asset, Folder
from portal import launch, settings
from portal.factory import create_app

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.statements import counted

TENANTS, PEOPLE, RELEASES, ARTICLES = 300, 2_000, 500, 10
OWN_ARTICLES, OWN_MEDIA = 5_000, 20_000
ROUNDS = 15
HEAD = "lindenhof"
# Of the tenant; a word in braces is the number of such a thing there.
PAGES = {
    "dashboard": "", "pool": "pool", "pool_table": "pool?layout=table", "pool_search": "pool?q=maerkte",
    "pool_title": "pool?sort=title", "pool_ends": "pool?sort=ends&view=available", "article": "articles/{article}",
    "article_edit": "articles/{draft}/edit", "article_versions": "articles/{article}/versions",
    "media": "media", "media_search": "media?q=bruecke", "media_folder": "media/f/{folder}",
    "media_documents": "media?kind=document", "media_trash": "media/trash", "media_file": "media/{asset}",
    "media_pick": "media/pick", "media_limits": "media/limits", "issues": "issues", "issue": "issues/{issue}",
    "issue_look": "issues/{issue}/look", "issue_plan": "issues/{issue}/plan",
    "issue_preflight": "issues/{issue}/preflight", "issue_tests": "issues/{issue}/tests",
    "calendar": "calendar", "templates": "admin/templates", "template": "admin/templates/{mail_template}",
    "blocks": "admin/blocks", "campaigns": "campaigns", "campaign": "campaigns/{campaign}",
    "campaign_recipients": "campaigns/{campaign}/recipients", "approvals": "approvals",
    "approval_steps": "admin/approvals", "orders": "orders", "order": "orders/{mailing_order}",
    "order_new": "orders/new", "rollouts": "rollouts", "rollout": "rollouts/{rollout}",
    "stand_ins": "rollouts/stand-ins", "releases": "releases", "release_new": "releases/new",
    "release_new_user": "releases/new?kind=user", "subscribers": "subscribers", "lists": "subscribers/lists",
    "duplicates": "subscribers/duplicates", "imports": "subscribers/imports", "organisations": "organisations",
    "segments": "segments", "fields": "fields", "types": "types", "suppression": "suppression",
    "exclusions": "exclusions", "volume": "volume", "territory": "admin/territory", "people": "admin/people",
    "person": "admin/people/{user}", "person_new": "admin/people/new", "roles": "admin/roles",
    "role": "admin/roles/{role}", "tenant": "admin/tenant", "test_people": "admin/test-people",
    "senders": "admin/senders", "relays": "admin/relays", "queue": "admin/queue", "pace": "admin/pace",
    "log": "admin/log", "notices": "notices", "approval": "approvals/{approval}",
    "why": "admin/people/{user}/why", "sender": "admin/senders/{sender_domain}", "relay_new": "admin/relays/new",
    "block_template": "admin/blocks/{block_template}", "template_source": "admin/templates/{mail_template}/source",
    "node": "admin/territory/{territory_node}", "release_uses": "releases/{release}/uses",
    "issue_articles": "calendar/{issue}/articles", "issue_files": "issues/{issue}/attachments",
    "issue_copy": "issues/{issue}/copy", "letter": "letters/{letter}",
    "media_crop": "media/{asset}/crop", "media_replace": "media/{asset}/replace",
    "folder_rights": "media/f/{folder}/rights", "campaign_measured": "campaigns/{campaign}/measured",
    "campaign_next": "campaigns/{campaign}/next", "campaign_selection": "campaigns/{draft_campaign}/selection",
    "subscriber": "subscribers/{subscriber}", "subscriber_edit": "subscribers/{subscriber}/edit",
    "subscriber_new": "subscribers/new", "list": "subscribers/lists/{distribution_list}",
    "organisation": "organisations/{organisation}", "segment": "segments/{segment}", "segment_new": "segments/new",
    "automailers": "automailers", "automailer": "automailers/{automailer}",
    "enrolments": "automailers/{automailer}/enrolments",
    "type": "types/{newsletter_type}", "type_edit": "types/{newsletter_type}/edit", "field_new": "fields/new",
}  # fmt: skip
HOUSE = {
    "account": "/account", "house_tenants": "/house/tenants", "house_tenant": "/house/tenants/{tenant}",
    "house_dispatcher": "/house/dispatcher", "house_sending": "/house/sending", "house_rollouts": "/house/rollouts",
    "house_log": "/house/log", "person_desk": "/house/people", "support": "/support",
    "house_new": "/house/tenants/new", "house_relays": "/house/relays", "house_relay_new": "/house/relays/new",
    "inbox": "/inbox", "sign_up": "/n/lindenhof", "archive": "/n/lindenhof/{slug}/archive",
}  # fmt: skip

ON_DUTY = ("person_desk", "support")


def paths(head: Tenant, user: User) -> dict[str, str]:
    """Name → address of every main page, with things that the demo house has."""

    def first(table: str) -> int:
        text = db.sql(f"SELECT min(id) FROM {table} WHERE tenant_id = ?")
        return db.database.execute_sql(text, [head.id]).fetchone()[0] or 0

    known: dict[str, Any] = {
        table: first(table)
        for table in (
            "article", "asset", "folder", "issue", "campaign", "mailing_order", "rollout", "mail_template", "approval",
            "sender_domain", "block_template", "territory_node", "release", "subscriber", "distribution_list",
            "organisation", "segment", "newsletter_type", "automailer",
        )
    }  # fmt: skip
    known |= {
        "letter": Issue.get(Issue.tenant_id == head.id, Issue.kind == IssueKind.LETTER).id,
        "draft_campaign": Campaign.get(
            Campaign.tenant_id == head.id, Campaign.status == CampaignStatus.DRAFT
        ).id,
        "slug": NewsletterType.get(
            NewsletterType.tenant_id == head.id, NewsletterType.id == known["newsletter_type"]
        ).slug,
    }
    known |= {"user": user.id, "tenant": head.id, "role": rolebook.ensure_starters()["editor"].id}
    draft = Article.get(Article.tenant_id == head.id, Article.state.in_(["draft", "returned", "submitted"]))
    open_issue = Issue.get(
        Issue.tenant_id == head.id, Issue.state == "draft", Issue.kind == IssueKind.NEWSLETTER
    )
    mailing = Campaign.get(Campaign.tenant_id == head.id, Campaign.course == Course.OWN)
    known |= {"draft": draft.id, "issue": open_issue.id, "campaign": mailing.id}
    found = {name: f"/t/{head.slug}/{path.format(**known)}" for name, path in PAGES.items()}
    return found | {name: path.format(**known) for name, path in HOUSE.items()}


def main() -> int:
    """Measure the demo house, fill it up, measure again."""
    with tempfile.TemporaryDirectory(prefix="bench-portal-") as folder:
        made = settings.load(
            {"INSTANCE": folder, "DEMO": "1", "DATABASE_URL": f"sqlite:///{folder}/portal.db"}
        )
        db.bind(made.database_url)
        db.migrate()
        app = create_app(made)
        launch.build_demo(made)
        with db.connection():
            user = _administrator()
            pages = paths(Tenant.get(Tenant.slug == HEAD), user)
            duty = _on_duty()
            before = {
                name: _measure(app, duty if name in ON_DUTY else user, at) for name, at in pages.items()
            }
            _fill()
            after = {name: _measure(app, duty if name in ON_DUTY else user, at) for name, at in pages.items()}
    told = {
        name: {
            "queries": queries, "median_ms": round(ms, 1), "ratio_demo": round(best / before[name][2], 2),
        }
        for name, (queries, ms, best) in after.items()
    }  # fmt: skip
    for name, found in told.items():
        print(
            f"{name:16} {found['queries']:3} queries  {found['median_ms']:7.1f} ms  {found['ratio_demo']:.2f} × demo"
        )
    print(json.dumps({"pages": told}))
    return 0


def _administrator() -> User:
    """Somebody of the head office who administers everything and works in five tenants, as most people do."""
    head = Tenant.get(Tenant.slug == HEAD)
    role = rolebook.ensure_starters()["administrator"]
    user = User.create(email="bench@bench.example", name="Bench", administers_house=True, password_hash="x")
    Membership.create(tenant_id=head.id, user=user, role=role)
    issue = Issue.select().where(Issue.tenant_id == head.id).order_by(Issue.id.desc()).first()
    course.begin(head.id, issue, user)
    letter = letters.create(head.id, issue.type_id, user.id, "Letter")
    assembly.mark(letter, IssueState.RETURNED)  # not the newest draft, which stays the newsletter
    return user


def _on_duty() -> User:
    """Somebody with duties in the whole tree, who looks after people and helps."""
    head = Tenant.get(Tenant.slug == HEAD)
    user = User.create(email="duty@bench.example", name="Duty", password_hash="x")
    for kind in (DutyKind.SUPPORT, DutyKind.DESK):
        Duty.create(tenant_id=head.id, user=user, kind=kind)
    return user


def _fill() -> None:
    head, now = Tenant.get(Tenant.slug == HEAD), clock.now()
    role = rolebook.ensure_starters()["editor"].id
    encoded = passwords.hash_password("one hash for everybody")
    with db.database.atomic():
        tenants = [
            Tenant.create(slug=f"branch-{n}", name=f"Branch {n:03}", parent_id=head.id).id
            for n in range(TENANTS)
        ]
        first = User.select(peewee.fn.MAX(User.id)).scalar() + 1
        User.insert_many(
            [
                {
                    "id": first + n,
                    "email": f"p{n}@bench.example",
                    "name": f"Person {n:04}",
                    "password_hash": encoded,
                }
                for n in range(PEOPLE)
            ]
        ).execute()
        where = [head.id, *tenants]
        _many(Membership, [
            {"tenant_id": where[n % len(where)], "user": first + n, "role": role, "created_at": now}
            for n in range(PEOPLE)
        ])  # fmt: skip
        _many(Membership, [
            {"tenant_id": head.id, "user": first + n, "role": role, "created_at": now}
            for n in range(PEOPLE) if n % len(where) and n % 10 == 0
        ])  # fmt: skip
        picture = Asset.select().where(Asset.tenant_id == head.id).first()
        for tenant_id in tenants:
            NewsletterType.create(tenant_id=tenant_id, slug="news", name="News")
            DistributionList.create(tenant_id=tenant_id, name="Alle", is_default=True)
            Folder.create(tenant_id=tenant_id, name="Pictures")
        _many(Article, [
            {
                "tenant_id": tenant_id, "title": f"Article {n}", "author_id": first, "state": "accepted",
                "asset_id": picture.id if picture else None, "folded": f"article {n}", "created_at": now,
                "updated_at": now,
            }
            for tenant_id in tenants for n in range(ARTICLES)
        ])  # fmt: skip
        _fill_newsroom(head.id, first, picture, now)
        own = [a.id for a in Article.select(Article.id).where(Article.tenant_id == head.id)] or [1]
        theirs = list(
            Article.select(Article.id, Article.tenant_id).where(Article.tenant_id.in_(tenants)).limit(50)
        )
        releases: list[dict[str, Any]] = [
            {
                "tenant_id": head.id,
                "kind": "article",
                "object_id": own[n % len(own)],
                "to_tenant_id": tenants[n % len(tenants)],
                "created_at": now,
            }
            for n in range(RELEASES - len(theirs))
        ]
        releases += [
            {
                "tenant_id": a.tenant_id,
                "kind": "article",
                "object_id": a.id,
                "to_tenant_id": head.id,
                "created_at": now,
            }
            for a in theirs
        ]
        _many(Release, releases)


def _fill_newsroom(tenant_id: int, author_id: int, picture: Asset | None, now: Any) -> None:
    """What years of work leave in one tenant: articles in all states and categories, media in folders."""
    states = ("accepted", "used", "used", "archived", "submitted")
    words = "Märkte, Brücken und Bäume: " + "Text von früher " * 120
    _many(Article, [
        {
            "tenant_id": tenant_id, "title": f"Aus dem Archiv {n}", "teaser": words[:160], "body": f"<p>{words}</p>",
            "author_id": author_id, "state": states[n % 5], "category": f"Rubrik {n % 12}",
            "asset_id": picture.id if picture else None, "folded": fold(f"Aus dem Archiv {n} {words}"),
            "created_at": now, "updated_at": now, "submitted_at": now,
        }
        for n in range(OWN_ARTICLES)
    ])  # fmt: skip
    folders = [Folder.create(tenant_id=tenant_id, name=f"Jahr {n}").id for n in range(40)]
    digest = picture.sha256 if picture else "0" * 64
    _many(Asset, [
        {
            "tenant_id": tenant_id, "folder_id": folders[n % 40], "kind": "picture", "filename": f"bild-{n}.jpg",
            "mime": "image/jpeg", "size_bytes": 1_000_000, "width": 1600, "height": 900, "sha256": digest,
            "public_key": f"bench-{n}", "folded": f"bild-{n}.jpg {'brucke' if n % 50 == 0 else 'baum'} foto jana",
            "alt": "Ein Bild", "created_at": now,
        }
        for n in range(OWN_MEDIA)
    ])  # fmt: skip


def _many(model: type[peewee.Model], rows: list[dict[str, Any]]) -> None:
    for some in peewee.chunked(rows, 200):
        model.insert_many(some).execute()


def _measure(app: Flask, user: User, path: str) -> tuple[int, float, float]:
    """(queries, median in ms, best in ms) of a page, warm; a busy machine spoils the best of ROUNDS least."""
    client = _client(app, user)
    answer = client.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answers {answer.status_code}")
    with counted() as statements:
        client.get(path)
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        client.get(path)
        times.append((time.perf_counter() - began) * 1000)
    return len(statements), statistics.median(times), min(times)


def _client(app: Flask, user: User) -> FlaskClient:
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = sessions.begin(user), True
    return client


if __name__ == "__main__":
    sys.exit(main())
