"""The pages of the audience area for the benchmark, and how long each takes with few and with many people."""

import statistics
import time
from pathlib import Path

from domain.accounts import policy, sessions
from domain.accounts.models import Membership, User
from domain.campaigns.models import Campaign
from domain.db import database, sql
from domain.segments.models import Segment
from domain.subscribers import lists, proving
from domain.subscribers.models import NewsletterType, Organisation, Subscriber
from domain.tenancy.models import Tenant
from portal import settings as portal_settings
from portal.factory import create_app

SORTS = ("name", "address", "customer")
TIMES = 9  # each page is asked for; the median counts


def measured(folder: Path, url: str, small: Tenant, large: Tenant) -> dict[str, dict[str, float]]:
    """Every page of the area in both tenants, in milliseconds, taken in turn."""
    app = create_app(
        portal_settings.load({"INSTANCE": str(folder / "instance"), "DATABASE_URL": url, "DEMO": "0"})
    )
    app.config["WTF_CSRF_ENABLED"] = False  # the builder is a form that writes nothing
    roles = policy.ensure_starters()
    user = User.create(email="bench@bench.example", name="Bench", language="en", password_hash="-")
    for tenant in (small, large):
        Membership.create(tenant_id=tenant.id, user=user, role=roles["administrator"])
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = sessions.begin(user), True
    paths = {tenant.slug: _paths(tenant) for tenant in (small, large)}
    found = {}
    for name in paths[small.slug]:
        taken: dict[str, list[float]] = {small.slug: [], large.slug: []}
        for _ in range(TIMES + 1):
            for tenant in (small, large):
                path, data = paths[tenant.slug][name]
                started = time.perf_counter()
                answer = client.post(path, data=data) if data else client.get(path)
                answer.get_data()
                taken[tenant.slug].append((time.perf_counter() - started) * 1_000)
                if answer.status_code != 200:
                    raise SystemExit(f"{path} answered {answer.status_code}")
        ms_small, ms_large = (statistics.median(taken[tenant.slug][1:]) for tenant in (small, large))
        found[name] = {
            "ms_small": round(ms_small, 1), "ms_large": round(ms_large, 1), "ratio": round(ms_large / ms_small, 2)
        }  # fmt: skip
    return found


def _paths(tenant: Tenant) -> dict[str, tuple[str, dict[str, str]]]:
    base = f"/t/{tenant.slug}"
    ids = [
        row[0]
        for row in database.execute_sql(
            sql("SELECT id FROM subscriber WHERE tenant_id = ? ORDER BY id"), [tenant.id]
        ).fetchmany(5_000)
    ]
    kind = NewsletterType.get(NewsletterType.tenant_id == tenant.id)
    firm = Organisation.get(Organisation.tenant_id == tenant.id)
    chosen = lists.every(tenant.id)[1]
    done, planned = Campaign.select().where(Campaign.tenant_id == tenant.id).order_by(Campaign.id)
    segment = Segment.get(Segment.tenant_id == tenant.id)
    one = f"/subscribers/{ids[50]}"
    found = {
        "subscribers": "/subscribers", "subscribers_deep": f"/subscribers?before={ids[-1]}",
        "subscribers_search": "/subscribers?q=anna+brandt", "subscribers_search_one": "/subscribers?q=p77@d77",
        "subscribers_type": f"/subscribers?type={kind.id}&consent=confirmed",
        "subscribers_consent": "/subscribers?consent=revoked", "subscribers_list": f"/subscribers?list={chosen.id}",
        "subscriber": f"/subscribers/{ids[50]}", "subscriber_edit": f"/subscribers/{ids[50]}/edit",
        "lists": "/subscribers/lists", "list": f"/subscribers/lists/{chosen.id}", "imports": "/subscribers/imports",
        "organisations": "/organisations", "organisations_search": "/organisations?q=firma+7",
        "organisation": f"/organisations/{firm.id}", "types": "/types", "type": f"/types/{kind.id}",
        "fields": "/fields", "suppression": "/suppression",
        "suppression_search": "/suppression?q=stop7@elsewhere.example",
        "suppression_preview": "/suppression/preview?kind=domain&value=d7.example",
        "segments": "/segments", "segment_new": "/segments/new", "segment": f"/segments/{segment.id}",
        "duplicates": "/subscribers/duplicates", "duplicates_address": "/subscribers/duplicates?view=address",
        "duplicates_new": "/subscribers/duplicates?view=new", "merging": f"{one}/duplicates/{ids[51]}",
        "erasing": f"{one}/erase", "proof": f"{one}/proof", "exclusions": "/exclusions",
        "campaigns": "/campaigns", "recipients": f"/campaigns/{done.id}/recipients",
        "recipients_search": f"/campaigns/{done.id}/recipients?q=anna+brandt",
        "recipients_failed": f"/campaigns/{done.id}/recipients?state=5",
        "selection": f"/campaigns/{planned.id}/selection",
        "selection_search": f"/campaigns/{planned.id}/selection?q=anna+brandt",
        "selection_out": f"/campaigns/{planned.id}/selection?state=no",
    }  # fmt: skip
    found |= {f"selection_{order}": f"/campaigns/{planned.id}/selection?sort={order}" for order in SORTS}
    paths: dict[str, tuple[str, dict[str, str]]] = {name: (base + path, {}) for name, path in found.items()}
    person = Subscriber.get_by_id(ids[50])
    paths["own_data"] = (f"/n/{tenant.slug}/data/{proving.token(person)}", {})
    builder = {"g0-match": "all", "g0-0-field": "person:city", "g0-0-op": "is", "g0-0-value": "Celle"}
    paths["segment_builder"] = (f"{base}/segments/build", builder)
    return paths
