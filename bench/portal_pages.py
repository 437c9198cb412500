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
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peewee
from flask import Flask
from flask.testing import FlaskClient

from domain import clock, db
from domain.accounts import passwords, policy, sessions
from domain.accounts.models import Membership, User
from domain.content.models import Article
from domain.releases.models import Release
from domain.subscribers.models import DistributionList, NewsletterType
from domain.tenancy.models import Tenant
from mediadb.models import Asset, Folder
from portal import launch, settings
from portal.factory import create_app

TENANTS, PEOPLE, RELEASES, ARTICLES = 300, 2_000, 500, 10
OWN_ARTICLES, OWN_MEDIA = 5_000, 20_000
ROUNDS = 15
HEAD = "lindenhof"
PAGES = {
    "dashboard": "/t/lindenhof/", "pool": "/t/lindenhof/pool", "issues": "/t/lindenhof/issues",
    "media": "/t/lindenhof/media", "media_search": "/t/lindenhof/media?q=bruecke",
    "media_pick": "/t/lindenhof/media/pick",
    "pool_table": "/t/lindenhof/pool?layout=table", "pool_search": "/t/lindenhof/pool?q=maerkte",
    "calendar": "/t/lindenhof/calendar", "campaigns": "/t/lindenhof/campaigns", "approvals": "/t/lindenhof/approvals",
    "approval_steps": "/t/lindenhof/admin/approvals", "subscribers": "/t/lindenhof/subscribers",
    "types": "/t/lindenhof/types", "volume": "/t/lindenhof/volume", "releases": "/t/lindenhof/releases",
    "orders": "/t/lindenhof/orders", "rollouts": "/t/lindenhof/rollouts",
    "release_new": "/t/lindenhof/releases/new", "people": "/t/lindenhof/admin/people",
    "roles": "/t/lindenhof/admin/roles", "tenant": "/t/lindenhof/admin/tenant", "log": "/t/lindenhof/admin/log",
    "notices": "/t/lindenhof/notices", "account": "/account", "house_tenants": "/house/tenants", "support": "/support",
}  # fmt: skip


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
            before = {name: _measure(app, user, path) for name, path in PAGES.items()}
            _fill()
            after = {name: _measure(app, user, path) for name, path in PAGES.items()}
    pages = {
        name: {
            "queries": queries, "median_ms": round(ms, 1), "ratio_demo": round(ms / max(before[name][1], 0.1), 2),
        }
        for name, (queries, ms) in after.items()
    }  # fmt: skip
    for name, found in pages.items():
        print(
            f"{name:16} {found['queries']:3} queries  {found['median_ms']:7.1f} ms  {found['ratio_demo']:.2f} × demo"
        )
    print(json.dumps({"pages": pages}))
    return 0


def _administrator() -> User:
    """Somebody of the head office who administers everything and works in five tenants, as most people do."""
    head = Tenant.get(Tenant.slug == HEAD)
    role = policy.ensure_starters()["administrator"]
    user = User.create(email="bench@bench.example", name="Bench", administers_house=True, password_hash="x")
    Membership.create(tenant_id=head.id, user=user, role=role)
    return user


def _fill() -> None:
    head, now = Tenant.get(Tenant.slug == HEAD), clock.now()
    role = policy.ensure_starters()["editor"].id
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
            "asset_id": picture.id if picture else None, "folded": f"archiv {n} {words}".casefold(),
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


def _measure(app: Flask, user: User, path: str) -> tuple[int, float]:
    """(queries, median in ms) of a page, warm."""
    client = _client(app, user)
    answer = client.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answers {answer.status_code}")
    with _counted() as statements:
        client.get(path)
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        client.get(path)
        times.append((time.perf_counter() - began) * 1000)
    return len(statements), statistics.median(times)


def _client(app: Flask, user: User) -> FlaskClient:
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = sessions.begin(user), True
    return client


@contextmanager
def _counted() -> Iterator[list[str]]:
    found: list[str] = []
    run = peewee.Database.execute_sql

    def counted(self: peewee.Database, sql: str, *args: Any, **kwargs: Any) -> Any:
        if sql.lstrip()[:6].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            found.append(sql)
        return run(self, sql, *args, **kwargs)

    peewee.Database.execute_sql = counted
    try:
        yield found
    finally:
        peewee.Database.execute_sql = run


if __name__ == "__main__":
    sys.exit(main())
