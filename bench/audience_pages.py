"""The pages of the audience area for the benchmark, and how long each takes with few and with many people."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from flask.testing import FlaskClient

from dispatcher.jobs import tallies
from dispatcher.rendering import freezing, render
from domain.accounts import rolebook, sessions
from domain.accounts.models import Membership, User
from domain.campaigns import planning
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import database, sql
from domain.issues.models import Issue
from domain.segments.models import Segment
from domain.subscribers import imports, lists, proving
from domain.subscribers.facets import fields, tracks
from domain.subscribers.models import ImportJob, NewsletterType, Organisation, Subscriber
from domain.tenancy import territory
from domain.tenancy.models import Tenant
from portal import settings as portal_settings
from portal.factory import create_app

SORTS = ("name", "address", "customer")
TIMES = 9  # each page is asked for; the median counts
DOUBTFUL = 1.3  # a page whose ratio is above is asked for three times as often


Found = dict[str, dict[str, float]]


def measured(
    folder: Path, url: str, small: Tenant, large: Tenant, wanted: Sequence[str] = ()
) -> tuple[Found, Found]:
    """(every page of the area, what such pages ask for when they stand) in both tenants, in milliseconds, taken in
    turn; with `wanted` those whose names hold one of these words. What is asked for later counts exactly over
    everybody, so it grows with them."""
    instance = folder / "instance"
    app = create_app(portal_settings.load({"INSTANCE": str(instance), "DATABASE_URL": url, "DEMO": "0"}))
    app.config["WTF_CSRF_ENABLED"] = False  # the builder is a form that writes nothing
    roles = rolebook.ensure_starters()
    user = User.get_or_none(User.email == "bench@bench.example") or User.create(
        email="bench@bench.example", name="Bench", language="en", password_hash="-"
    )
    for tenant in (small, large):
        Membership.get_or_create(tenant_id=tenant.id, user=user, role=roles["administrator"])
    tallies.sweep()  # as the work process does every few seconds
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = sessions.begin(user), True
    pages = {tenant.slug: _paths(tenant, instance) for tenant in (small, large)}
    later = {tenant.slug: _later(tenant) for tenant in (small, large)}
    return _timed(client, pages, wanted), _timed(client, later, wanted, {"HX-Request": "true"}, 3)


def _timed(
    client: FlaskClient, paths: dict[str, dict[str, tuple[str, dict[str, str]]]], wanted: Sequence[str],
    headers: dict[str, str] | None = None, times: int = TIMES,
) -> Found:  # fmt: skip
    found = {}
    small, large = paths
    for name in paths[small]:
        if wanted and not any(word in name for word in wanted):
            continue
        taken: dict[str, list[float]] = {small: [], large: []}

        def ask(times: int, name: str = name, taken: dict[str, list[float]] = taken) -> float:
            for _ in range(times):
                for tenant in (small, large):
                    taken[tenant].append(_asked(client, *paths[tenant][name], headers))
            return statistics.median(taken[large]) / statistics.median(taken[small])

        ask(1)
        for tenant in taken:
            taken[tenant].clear()  # the first one warms up
        if ask(times) > DOUBTFUL:
            ask(2 * times)  # of something else on the machine, or of the page? All of them count
        ms_small, ms_large = (statistics.median(taken[tenant]) for tenant in (small, large))
        found[name] = {
            "ms_small": round(ms_small, 1), "ms_large": round(ms_large, 1), "ratio": round(ms_large / ms_small, 2)
        }  # fmt: skip
    return found


def _asked(client: FlaskClient, path: str, data: dict[str, str], headers: dict[str, str] | None) -> float:
    """Milliseconds that a page takes."""
    started = time.perf_counter()
    answer = client.post(path, data=data, headers=headers) if data else client.get(path, headers=headers)
    answer.get_data()
    taken = (time.perf_counter() - started) * 1_000
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}")
    return taken


def _file(tenant: Tenant, instance: Path) -> ImportJob:
    """A file for a tenth of the people whose columns are chosen and whose rows nobody has taken in."""
    found = ImportJob.get_or_none(ImportJob.tenant_id == tenant.id, ImportJob.state == "mapping")
    if found is not None:
        return found
    count = Subscriber.select().where(Subscriber.tenant_id == tenant.id).count() // 10
    path = instance / "imports" / f"bench-{tenant.id}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (f"fresh{n}@d{n % 500}.example;Anna;Brandt{n % 997};Celle\n" for n in range(count))
    with path.open("w") as out:
        out.write("Email;Vorname;Nachname;Ort\n")
        out.writelines(lines)
    job = imports.receive(tenant.id, "people.csv", path, instance, 1)
    imports.plan(job, {int(index): meant for index, meant in job.mapping.items()}, imports.Options())
    return job


def _mailings(tenant: Tenant) -> tuple[Campaign, Campaign, Campaign]:
    """One that went to everybody, one that is planned, and one that waits for approval."""
    found = list(Campaign.select().where(Campaign.tenant_id == tenant.id).order_by(Campaign.id))
    if len(found) < 3:
        planned = found[1]
        issue = Issue.create(
            tenant_id=tenant.id, type_id=planned.type_id, name="Asked", subject="News", created_by_id=1
        )
        made = Campaign.create(
            tenant_id=tenant.id, type_id=planned.type_id, issue_id=issue.id, name="Asked", created_by_id=1,
            status=CampaignStatus.DRAFT, audience={"lists": []}, test_mode=False,
        )  # fmt: skip
        rendered = render.render(tenant, issue, "http://127.0.0.1")
        mark = render.fingerprint(rendered, *planning.definition(made))
        revision = freezing.freeze(issue, rendered, mark, 1)
        planning.ask(made, issue, revision.id, mark, 1)
        found.append(planning.get(tenant.id, made.id))
    return found[0], found[1], found[2]


def _paths(tenant: Tenant, instance: Path) -> dict[str, tuple[str, dict[str, str]]]:
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
    done, planned, asked = _mailings(tenant)
    segment = Segment.get(Segment.tenant_id == tenant.id)
    one = f"/subscribers/{ids[50]}"
    own, track = fields.every(tenant.id)[0], tracks.every(tenant.id)[0][0]
    node, job = territory.every(tenant.id)[0].id, _file(tenant, instance).id
    taken = ImportJob.get(ImportJob.tenant_id == tenant.id, ImportJob.state == "done").id
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
    found |= {
        "subscriber_new": "/subscribers/new", "subscribers_territory": f"/subscribers?territory={node}",
        "list_remove": f"/subscribers/lists/{chosen.id}/members/{ids[50]}/remove",
        "list_delete": f"/subscribers/lists/{chosen.id}/delete",
        "organisation_edit": f"/organisations/{firm.id}/edit",
        "organisation_delete": f"/organisations/{firm.id}/delete",
        "organisations_status": "/organisations?status=A", "type_edit": f"/types/{kind.id}/edit",
        "field": f"/fields/{own.id}", "track": f"/statuses/{track.id}",
        "territories": "/admin/territory", "territory": f"/admin/territory/{node}",
        "suppression_rules": "/suppression?view=rules", "suppression_history": "/suppression?view=history",
        "suppression_blocked": "/suppression?view=blocked",
        "suppression_preview_pattern": "/suppression/preview?kind=pattern&value=p77*",
        "suppression_preview_anywhere": "/suppression/preview?kind=pattern&value=*77@d77*",
        "import_columns": f"/subscribers/imports/{job}", "import_check": f"/subscribers/imports/{job}/check",
        "import_done": f"/subscribers/imports/{taken}", "import_undo": f"/subscribers/imports/{taken}/undo",
        "import_duplicates": f"/subscribers/duplicates/imports/{taken}",
        "campaign": f"/campaigns/{done.id}", "campaign_next": f"/campaigns/{done.id}/next",
        "plan": f"/issues/{planned.issue_id}/plan", "preflight": f"/issues/{planned.issue_id}/preflight",
        "approvals": "/approvals", "approval": f"/approvals/{asked.approval_id}",
        "approval_checks": f"/approvals/{asked.approval_id}/checks",
        "campaign_cancel": f"/campaigns/{done.id}/cancel",
        "campaign_asked": f"/campaigns/{asked.id}", "issue": f"/issues/{planned.issue_id}",
    }  # fmt: skip
    found |= {f"selection_{order}": f"/campaigns/{planned.id}/selection?sort={order}" for order in SORTS}
    paths: dict[str, tuple[str, dict[str, str]]] = {name: (base + path, {}) for name, path in found.items()}
    person = Subscriber.get_by_id(ids[50])
    paths["own_data"] = (f"/n/{tenant.slug}/data/{proving.token(person)}", {})
    builder = {"g0-match": "all", "g0-0-field": "person:city", "g0-0-op": "is", "g0-0-value": "Celle"}
    paths["segment_builder"] = (f"{base}/segments/build", builder)
    paths["segment_matches_deep"] = (f"{base}/segments/build", builder | {"act": f"before:{ids[-1]}"})
    return paths


def _later(tenant: Tenant) -> dict[str, tuple[str, dict[str, str]]]:
    """What pages ask for when they stand."""
    base = f"/t/{tenant.slug}"
    done, planned, asked = _mailings(tenant)
    plan = f"{base}/issues/{planned.issue_id}/plan"
    city = {"g0-match": "all", "g0-0-field": "person:city", "g0-0-op": "is", "g0-0-value": "Celle"}
    return {
        "plan_numbers": (f"{plan}/numbers?whom=all", {}), "plan_checks": (f"{plan}/checks?whom=all", {}),
        "issue_checks": (f"{base}/issues/{planned.issue_id}/checks", {}),
        "preflight_findings": (f"{base}/issues/{planned.issue_id}/preflight?part=findings", {}),
        "approval_numbers": (f"{base}/approvals/{asked.approval_id}", {}),
        "approval_checks_counted": (f"{base}/approvals/{asked.approval_id}/checks", {}),
        "campaign_next_missing": (f"{base}/campaigns/{done.id}/next", {}),
        "selection_numbers": (f"{base}/campaigns/{planned.id}/selection/numbers", {}),
        "segment_numbers": (f"{base}/segments/build?part=numbers", city),
    }  # fmt: skip
