"""Series: made, changed, activated, paused and ended. Steps and their order change only while nothing is sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain import bounds, clock
from domain.audit import log
from domain.automailers import machine
from domain.automailers.models import Automailer, AutomailerState, AutomailerStep, Start
from domain.automailers.placing import place_anew, shift
from domain.campaigns import lifecycle, planning
from domain.campaigns.models import Campaign, CampaignStatus
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.issues import assembly
from domain.subscribers import types, words
from domain.subscribers.facets import tracks
from domain.subscribers.facets.models import Holder, StatusValue
from domain.subscribers.models import ConsentEvent
from domain.tenancy import settings, tree

KIND = "automailer"
A = AutomailerState
EDITABLE = (A.DRAFT, A.PAUSED)
LIVE = (A.ACTIVE, A.PAUSED)
MOST_STEPS = 30
MOST_DAYS = 730
GONE = N_("Somebody else has changed this series meanwhile. Reload the page to see it.")
BUSY = N_("Pause the series first; then it can be changed.")
KEPT = N_("This series has been active, so its history is kept. End it instead.")


def get(tenant_id: int, automailer_id: int) -> Automailer:
    """A series of the tenant; raises NotFound."""
    found = Automailer.get_or_none(Automailer.tenant_id == tenant_id, Automailer.id == automailer_id)
    if found is None:
        raise NotFound
    return found


def steps(automailer: Automailer) -> list[AutomailerStep]:
    """The steps in their order."""
    query = AutomailerStep.select().where(
        AutomailerStep.tenant_id == automailer.tenant_id, AutomailerStep.automailer_id == automailer.id
    )
    return list(query.order_by(AutomailerStep.position, AutomailerStep.id))


def step(automailer: Automailer, step_id: int) -> AutomailerStep:
    """A step of the series; raises NotFound."""
    found = next((s for s in steps(automailer) if s.id == step_id), None)
    if found is None:
        raise NotFound
    return found


def reckoned(automailer: Automailer, found: Sequence[AutomailerStep]) -> machine.Series:
    """The series as the machine sees it."""
    zone = settings.effective(tree.get(automailer.tenant_id))["time_zone"] or "Europe/Berlin"
    window = machine.Window(zone, automailer.weekdays, automailer.from_minute, automailer.until_minute)
    return machine.Series(tuple(machine.Step(s.id, machine.Wait(s.days, s.hours)) for s in found), window)


def time_of(automailer: Automailer) -> int:
    """The moment by the clock of the series, which stands still while it is paused."""
    return int(automailer.paused_at) if automailer.state == A.PAUSED else clock.epoch()


def create(tenant_id: int, name: str, type_id: int, user_id: int) -> Automailer:
    """A series without steps. Raises Invalid."""
    name = words.one_line(name, 120)
    if not name:
        raise Invalid(fields={"name": N_("Give the series a name.")})
    kind = types.get(tenant_id, type_id)
    with database.atomic():
        made = Automailer.create(tenant_id=tenant_id, name=name, type_id=kind.id, created_by_id=user_id)
        _log(made, "automailer.create", user_id, name=name)
    return made


def change(automailer: Automailer, values: Mapping[str, Any], version: int, user_id: int) -> None:
    """Set name, start, window and what suspends. Raises Invalid with the fields that are wrong, Conflict if it is no
    longer `version` or runs."""
    checked = _checked(automailer.tenant_id, values)
    with database.atomic():
        _move(automailer, EDITABLE, version=version, **checked)
        _log(automailer, "automailer.change", user_id, name=automailer.name)


def add_step(automailer: Automailer, values: Mapping[str, Any], user_id: int) -> AutomailerStep:
    """Put a step behind the others."""
    found = steps(automailer)
    if len(found) >= MOST_STEPS:
        raise Invalid(N_("A series has at most %(most)s steps."), most=MOST_STEPS)
    checked = _checked_step(automailer, values, first=not found)
    with database.atomic():
        _move(automailer, EDITABLE)
        made = AutomailerStep.create(
            tenant_id=automailer.tenant_id, automailer_id=automailer.id,
            position=(found[-1].position + 1 if found else 1), **checked,
        )  # fmt: skip
        _log(automailer, "automailer.steps", user_id, step=made.id)
    return made


def change_step(
    automailer: Automailer, found: AutomailerStep, values: Mapping[str, Any], user_id: int
) -> None:
    checked = _checked_step(automailer, values, first=steps(automailer)[0].id == found.id)
    with database.atomic():
        _move(automailer, EDITABLE)
        for name, value in checked.items():
            setattr(found, name, value)
        found.save()
        _log(automailer, "automailer.steps", user_id, step=found.id)


def move_step(automailer: Automailer, found: AutomailerStep, by: int, user_id: int) -> None:
    """Exchange a step with its neighbour: `by` is -1 or 1. At the end of the row nothing happens."""
    order = steps(automailer)
    at = next(i for i, s in enumerate(order) if s.id == found.id)
    if not 0 <= at + by < len(order):
        return
    order[at], order[at + by] = order[at + by], order[at]
    with database.atomic():
        _move(automailer, EDITABLE)
        for position, one in enumerate(order, 1):
            if not one.days and not one.hours and position > 1:
                one.days = 1  # what was first may have had no waiting time
            one.position = position
            one.save()
        _log(automailer, "automailer.steps", user_id, step=found.id)


def remove_step(automailer: Automailer, found: AutomailerStep, user_id: int) -> None:
    """Take a step out. What it sent stays in the ledger and in the history of the contacts."""
    with database.atomic():
        _move(automailer, EDITABLE)
        found.delete_instance()
        _log(automailer, "automailer.steps", user_id, step=found.id)


def activate(automailer: Automailer, carriers: Mapping[int, int], user_id: int) -> None:
    """Let the series run with a mailing for each step (step → campaign, frozen and asked for by the caller). Whoever
    stands in it goes on with what was left of the waiting time."""
    now = clock.epoch()
    with database.atomic():
        before, paused_at = automailer.state, automailer.paused_at
        first = ConsentEvent.select(ConsentEvent.id).where(ConsentEvent.tenant_id == automailer.tenant_id)
        newest = first.order_by(ConsentEvent.id.desc()).limit(1).scalar() or 0
        _move(
            automailer, EDITABLE, state=A.ACTIVE, paused_at=None, activated_by_id=user_id, activated_at=clock.now(),
            **({"event_cursor": newest, "looked_at": now} if before == A.DRAFT else {}),
        )  # fmt: skip
        for found in steps(automailer):
            if found.campaign_id != carriers[found.id]:
                found.campaign_id = carriers[found.id]
                found.save()
        for campaign in _carriers(automailer):
            if campaign.status == CampaignStatus.PAUSED and lifecycle.may_resume(campaign):
                lifecycle.resume(campaign, user_id)
        if before == A.PAUSED:
            shift(automailer, int(paused_at), now)
            place_anew(automailer)
        _log(automailer, "automailer.activate", user_id, campaigns=sorted(carriers.values()))


def pause(automailer: Automailer, user_id: int) -> list[int]:
    """Send nothing more until it is activated again, also not what waits in the ledger; returns the mailings that were
    halted."""
    with database.atomic():
        _move(automailer, (A.ACTIVE,), state=A.PAUSED, paused_at=clock.epoch())
        halted = [c for c in _carriers(automailer) if c.started_at and c.status in lifecycle.PAUSABLE]
        for campaign in halted:
            lifecycle.pause(campaign, user_id)
        _log(automailer, "automailer.pause", user_id)
    return [campaign.id for campaign in halted]


def end(automailer: Automailer, user_id: int) -> list[int]:
    """End the series for good: nobody gets another mail of it. Returns the mailings that were ended."""
    with database.atomic():
        _move(automailer, (A.DRAFT, *LIVE), state=A.ENDED)
        ended = [c for c in _carriers(automailer) if c.status in lifecycle.CANCELLABLE]
        for campaign in ended:
            lifecycle.cancel(campaign, user_id)
        for campaign in _carriers(automailer):
            if campaign.status == CampaignStatus.IN_APPROVAL:
                planning.reopen(campaign, assembly.get(automailer.tenant_id, campaign.issue_id), user_id)
        _log(automailer, "automailer.end", user_id)
    return [campaign.id for campaign in ended]


def delete(automailer: Automailer, user_id: int) -> None:
    """Delete a draft with its steps; the mails they name stay. Nobody ever stood in a draft and no mailing carries it,
    since both begin with its activation. Raises Conflict for everything else."""
    if automailer.state != A.DRAFT:
        raise Conflict(KEPT)
    with database.atomic():
        _move(automailer, (A.DRAFT,))
        AutomailerStep.delete().where(
            AutomailerStep.tenant_id == automailer.tenant_id, AutomailerStep.automailer_id == automailer.id
        ).execute()
        automailer.delete_instance()
        _log(automailer, "automailer.delete", user_id, name=automailer.name)


def carriers(automailer: Automailer, found: Sequence[AutomailerStep]) -> dict[int, Campaign]:
    """Campaign id → the mailing of a step."""
    return planning.many(automailer.tenant_id, [s.campaign_id for s in found if s.campaign_id])


def _carriers(automailer: Automailer) -> list[Campaign]:
    return list(carriers(automailer, steps(automailer)).values())


def _move(automailer: Automailer, expected: Sequence[A], version: int | None = None, **values: Any) -> None:
    """Change the row while it is in one of these states; of parallel changes one counts."""
    bounds.refuse_beyond(automailer.territory_ids or [])
    changed = (
        Automailer.update(version=Automailer.version + 1, **values)
        .where(
            Automailer.tenant_id == automailer.tenant_id, Automailer.id == automailer.id,
            Automailer.state.in_(list(expected)),
            Automailer.version == (automailer.version if version is None else version),
        )
        .execute()
    )  # fmt: skip
    if not changed:
        busy = get(automailer.tenant_id, automailer.id).state == A.ACTIVE and A.ACTIVE not in expected
        raise Conflict(BUSY if busy else GONE)
    automailer.version += 1
    for name, value in values.items():
        setattr(automailer, name, value)


def _checked(tenant_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    wrong: dict[str, Any] = {}
    name = words.one_line(str(values["name"]), 120)
    if not name:
        wrong["name"] = N_("Give the series a name.")
    first, last = values["from_minute"], values["until_minute"]
    if not 0 <= first < last <= machine.DAY_MINUTES:
        wrong["until"] = N_("The end of the time of day must lie behind its beginning.")
    if not 0 < values["weekdays"] <= 127:
        wrong["weekdays"] = N_("Choose at least one day of the week.")
    if values["start"] not in list(Start):
        wrong["start"] = N_("Choose one of the answers.")
    found: dict[str, Any] = {"name": name, "from_minute": first, "until_minute": last}
    found |= {"weekdays": values["weekdays"], "start": values["start"]}
    for key, needed in (("start", values["start"] == Start.STATUS), ("stop", False)):
        holder, ids = values[f"{key}_holder"], values[f"{key}_values"]
        rows = list(
            StatusValue.select().where(StatusValue.tenant_id == tenant_id, StatusValue.id.in_(ids or [0]))
        )
        if needed and not rows:
            wrong[f"{key}_values"] = N_("Choose the status by which contacts come in.")
        if len({row.track_id for row in rows}) > 1:
            wrong[f"{key}_values"] = N_("Choose values of one status only.")
        found |= {
            f"{key}_holder": holder if holder in list(Holder) else Holder.SUBSCRIBER,
            f"{key}_track_id": rows[0].track_id if rows else None, f"{key}_values": sorted(r.id for r in rows),
        }  # fmt: skip
    if wrong:
        raise Invalid(fields=wrong)
    return found


def _checked_step(automailer: Automailer, values: Mapping[str, Any], first: bool) -> dict[str, Any]:
    days, hours = values["days"], values["hours"]
    wrong: dict[str, Any] = {}
    if days is None or hours is None or not (0 <= days <= MOST_DAYS and 0 <= hours < 24 * 7):
        wrong["days"] = (N_("Enter 0 to %(most)s days and 0 to 167 hours."), {"most": MOST_DAYS})
    elif not first and not days and not hours:
        wrong["days"] = N_("Leave at least an hour between two mails.")
    issue = assembly.get(automailer.tenant_id, values["issue_id"]) if values["issue_id"] else None
    if issue is None:
        wrong["issue"] = N_("Choose the mail that this step sends.")
    elif issue.type_id != automailer.type_id:
        wrong["issue"] = N_("This mail belongs to another newsletter type than the series.")
    value = values["value_id"] and StatusValue.get_or_none(
        StatusValue.tenant_id == automailer.tenant_id, StatusValue.id == values["value_id"]
    )
    if values["value_id"] and value is None:
        wrong["value"] = N_("Choose a value from the list.")
    if wrong:
        raise Invalid(fields=wrong)
    if value:
        tracks.get(automailer.tenant_id, value.track_id)
    return {
        "days": days, "hours": hours, "issue_id": issue.id if issue else 0,
        "track_id": value.track_id if value else None, "value_id": value.id if value else None,
    }  # fmt: skip


def _log(automailer: Automailer, act: str, user_id: int | None, **details: Any) -> None:
    log.record(
        automailer.tenant_id,
        act,
        user_id=user_id,
        kind=KIND,
        object_id=automailer.id,
        details=details or None,
    )
