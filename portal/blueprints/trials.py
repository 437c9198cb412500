"""Test mails: of an issue with real recipients' data, and of a frozen mail for those who approve; test persons."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from dispatcher import tasks, trial
from domain import clock
from domain.accounts.permissions import Permission as P
from domain.approvals import flow
from domain.campaigns import planning, samples
from domain.db import abreast, database
from domain.errors import N_, Invalid, NotFound, OverLimit
from domain.issues import assembly, revisions, texts, trials
from domain.issues.models import Issue
from domain.notices.models import OutboxMail
from domain.quotas import ledger as quotas
from domain.subscribers import directory
from domain.subscribers.models import Subscriber
from portal import context, hypermedia, sending
from portal.access import may, requires
from portal.errors import say, say_fields

bp = Blueprint("trials", __name__)


@bp.get("/issues/<int:issue_id>/tests")
@requires(P.ISSUE_TEST)
def show(issue_id: int) -> Response:
    """Who gets the test mail, and with whose data."""
    return _page(assembly.get(g.tenant.id, issue_id), {"own": True, "people": [0], "chosen": []})


@bp.post("/issues/<int:issue_id>/tests")
@requires(P.ISSUE_TEST)
def send(issue_id: int) -> Response:
    issue = assembly.get(g.tenant.id, issue_id)
    asked = _asked()
    try:
        addresses = _addresses(asked)
        people = [_person(i) for i in asked["people"]] or [None]
        with database.atomic():
            mails = trial.queue(
                g.tenant, issue, planning.of_issue(issue), sending.base_url(), addresses, people
            )
            _count(-issue.id, len(mails))
    except Invalid as error:
        return _page(issue, asked, say_fields(error) or {"": say(error)}, 422)
    return _sent(mails, url_for("issues.show", issue_id=issue.id))


@bp.post("/approvals/<int:approval_id>/tests")
@requires(P.APPROVAL_DECIDE, P.ISSUE_TEST)
def send_frozen(approval_id: int) -> Response:
    """The mail that is asked for, to the own address or to test persons."""
    approval = flow.get(g.tenant.id, approval_id)
    if approval.kind != planning.KIND:
        raise NotFound
    campaign = planning.get(g.tenant.id, approval.object_id)
    revision = revisions.by_fingerprint(g.tenant.id, campaign.issue_id, approval.fingerprint)
    with database.atomic():
        mails = trial.queue_frozen(g.tenant, revision, campaign, _addresses(_asked()), [None])
        _count(-campaign.issue_id, len(mails))
    return _sent(mails, url_for("approvals.show", approval_id=approval.id))


@bp.get("/admin/test-people")
@requires(P.ISSUE_TEST)
def people() -> Response:
    return _people({})


@bp.post("/admin/test-people")
@requires(P.ISSUE_TEST)
def add_person() -> Response:
    return _save(None)


@bp.get("/admin/test-people/<int:person_id>")
@requires(P.ISSUE_TEST)
def person(person_id: int) -> Response:
    found = trials.get(g.tenant.id, person_id)
    return hypermedia.page("trials/person.html", found=found, values=_values_of(found), said={})


@bp.post("/admin/test-people/<int:person_id>")
@requires(P.ISSUE_TEST)
def save_person(person_id: int) -> Response:
    return _save(trials.get(g.tenant.id, person_id))


@bp.post("/admin/test-people/<int:person_id>/remove")
@requires(P.ISSUE_TEST)
def remove_person(person_id: int) -> Response:
    found = trials.get(g.tenant.id, person_id)
    trials.remove(found, g.user.id)
    text = _("%(name)s gets no test mails any more.", name=found.name)
    return hypermedia.done(url_for("trials.people"), text)


def _asked() -> dict[str, Any]:
    """What was ticked and typed; a test group stands for its persons."""
    form = request.form
    chosen = [int(i) for i in form.getlist("chosen") if i.isdigit()]
    groups = trials.teams(trials.every(g.tenant.id))
    for team in form.getlist("team"):
        chosen += [p.id for p in groups.get(team, [])]
    return {
        "own": "own" in form, "chosen": chosen, "teams": form.getlist("team"), "named": form.get("named", "")[:2000],
        "people": list(dict.fromkeys(int(i) for i in form.getlist("person") if i.isdigit())),
    }  # fmt: skip


def _addresses(asked: dict[str, Any]) -> list[str]:
    return trials.targets(g.tenant.id, g.user.email if asked["own"] else "", asked["chosen"], asked["named"])


def _person(person_id: int) -> Subscriber | None:
    """A recipient, for those who may see personal data; 0 is the sample person."""
    if not person_id:
        return None
    if not may(P.SUBSCRIBER_SEE):
        raise NotFound
    return directory.get(g.tenant.id, person_id)


def _count(key: int, mails: int) -> None:
    """Test mails count against the volume of the role."""
    zone = str(context.effective_settings()["time_zone"])
    role_id = quotas.most_generous(g.rights.role_ids)
    if quotas.reserve(g.tenant.id, role_id, key, mails, zone, clock.now()).count < mails:
        raise OverLimit(N_("The volume limit of your role is used up; test mails count, too."))


def _sent(mails: list[OutboxMail], url: str) -> Response:
    for mail in mails:
        tasks.send_system_mail(mail.id)
    text = ngettext("%(count)s test mail is on its way.", "%(count)s test mails are on their way.",
                    len(mails), count=len(mails))  # fmt: skip
    return hypermedia.done(url, text)


def _page(
    issue: Issue, asked: dict[str, Any], said: dict[str, str] | None = None, status: int = 200
) -> Response:
    found, campaign, blocks = abreast(
        lambda: trials.every(g.tenant.id), lambda: sending.planned(issue), lambda: assembly.blocks(issue)
    )
    names = texts.names(issue, blocks)
    shown = samples.of(campaign, names) if may(P.SUBSCRIBER_SEE) else []
    return hypermedia.page(
        "trials/show.html", status=status, issue=issue, campaign=campaign, found=found, groups=trials.teams(found),
        samples=shown, asked=asked, said=said or {}, most=trials.MOST,
        sender=trial.sender_of(g.tenant, issue, campaign),
    )  # fmt: skip


def _people(values: dict[str, str], said: dict[str, str] | None = None, status: int = 200) -> Response:
    found = trials.every(g.tenant.id)
    return hypermedia.page(
        "trials/people.html", status=status, found=found, groups=trials.teams(found), values=values,
        said=said or {},
    )  # fmt: skip


def _save(found: trials.Person | None) -> Response:
    values = {key: request.form.get(key, "") for key in ("name", "address", "groups")}
    try:
        made = trials.save(g.tenant.id, values["name"], values["address"], values["groups"], g.user.id, found)
    except Invalid as error:
        if found is None:
            return _people(values, say_fields(error), 422)
        return hypermedia.invalid("trials/person.html", found=found, values=values, said=say_fields(error))
    return hypermedia.done(url_for("trials.people"), _("%(name)s is saved.", name=made.name))


def _values_of(found: trials.Person) -> dict[str, str]:
    return {"name": found.name, "address": found.address, "groups": ", ".join(found.teams or [])}
