"""Status tracks: a named course of the tenant with its ordered values; everybody has at most one value in each."""

from domain import bounds, clock
from domain.audit import log
from domain.db import database
from domain.errors import N_, Invalid, NotFound
from domain.subscribers import words
from domain.subscribers.facets.models import Holder, Standing, StatusTrack, StatusValue

MOST_VALUES = 40


def every(tenant_id: int) -> list[tuple[StatusTrack, list[StatusValue]]]:
    """The tracks of the tenant with their values, both in order."""
    values: dict[int, list[StatusValue]] = {}
    query = StatusValue.select().where(StatusValue.tenant_id == tenant_id)
    for value in query.order_by(StatusValue.position, StatusValue.id):
        values.setdefault(value.track_id, []).append(value)
    tracks = StatusTrack.select().where(StatusTrack.tenant_id == tenant_id)
    return [(t, values.get(t.id, [])) for t in tracks.order_by(StatusTrack.position, StatusTrack.id)]


def get(tenant_id: int, track_id: int) -> StatusTrack:
    """A track of the tenant; raises NotFound."""
    found = StatusTrack.get_or_none(StatusTrack.tenant_id == tenant_id, StatusTrack.id == track_id)
    if found is None:
        raise NotFound
    return found


def save(
    tenant_id: int, name: str, values: list[str], user_id: int, found: StatusTrack | None = None
) -> StatusTrack:
    """Create or change a track. Values keep who has them by their name; a value in use cannot be left out."""
    name = words.one_line(name, 120)
    wanted = list(dict.fromkeys(words.one_line(v, 80) for v in values if v.strip()))[:MOST_VALUES]
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    if not name:
        wrong["name"] = N_("A status needs a name.")
    elif any(
        t.name.casefold() == name.casefold() for t, _ in every(tenant_id) if t.id != (found and found.id)
    ):
        wrong["name"] = N_("There is a status with this name already.")
    if not wanted:
        wrong["values"] = N_("Write the values, one in a line.")
    if wrong:
        raise Invalid(fields=wrong)
    if found is not None:
        bounds.refuse_beyond()
    with database.atomic():
        track = found or StatusTrack(tenant_id=tenant_id)
        track.name = name
        track.save()
        _set_values(track, wanted)
        log.record(
            tenant_id, "track.save", user_id=user_id, kind="track", object_id=track.id,
            details={"name": name, "values": wanted},
        )  # fmt: skip
    return track


def _set_values(track: StatusTrack, wanted: list[str]) -> None:
    query = StatusValue.select().where(
        StatusValue.tenant_id == track.tenant_id, StatusValue.track_id == track.id
    )
    before = {value.name: value for value in query}
    for name, value in before.items():
        if name in wanted:
            continue
        if (
            Standing.select()
            .where(Standing.tenant_id == track.tenant_id, Standing.value_id == value.id)
            .exists()
        ):
            text = N_("Somebody has the value “%(name)s”. Give them another one first.")
            raise Invalid(fields={"values": (text, {"name": name})})
        value.delete_instance()
    for position, name in enumerate(wanted, 1):
        value = before.get(name) or StatusValue(tenant_id=track.tenant_id, track_id=track.id, name=name)
        value.position = position
        value.save()


def delete(track: StatusTrack, user_id: int) -> None:
    """Take a track away with everybody's place in it."""
    bounds.refuse_beyond()
    with database.atomic():
        for model in (Standing, StatusValue):
            model.delete().where(model.tenant_id == track.tenant_id, model.track_id == track.id).execute()
        track.delete_instance()
        log.record(
            track.tenant_id, "track.delete", user_id=user_id, kind="track", object_id=track.id,
            details={"name": track.name},
        )  # fmt: skip


def of(tenant_id: int, holder: Holder, holder_id: int) -> dict[int, Standing]:
    """Track id → where the person or organisation stands."""
    query = Standing.select().where(
        Standing.tenant_id == tenant_id, Standing.holder == holder, Standing.holder_id == holder_id
    )
    return {standing.track_id: standing for standing in query}


def put(
    tenant_id: int,
    holder: Holder,
    holder_id: int,
    track: StatusTrack,
    value_id: int | None,
    user_id: int | None,
) -> None:
    """Set the value in one track, None for none; raises Invalid for a value of another track. The caller has found
    the holder through its tenant."""
    mine = (
        Standing.tenant_id == tenant_id, Standing.holder == holder, Standing.holder_id == holder_id,
        Standing.track_id == track.id,
    )  # fmt: skip
    value = StatusValue.get_or_none(
        StatusValue.tenant_id == tenant_id,
        StatusValue.track_id == track.id,
        StatusValue.id == (value_id or 0),
    )
    if value_id and value is None:
        raise Invalid(N_("Choose a value from the list."))
    with database.atomic():
        if value is None:
            Standing.delete().where(*mine).execute()
        elif (
            not Standing.update(value_id=value.id, by_id=user_id, at=clock.now())
            .where(*mine, Standing.value_id != value.id)
            .execute()
            and not Standing.select().where(*mine).exists()
        ):
            Standing.create(
                tenant_id=tenant_id, holder=holder, holder_id=holder_id, track_id=track.id, value_id=value.id,
                by_id=user_id,
            )  # fmt: skip
        log.record(
            tenant_id, "status.set", user_id=user_id, kind=holder, object_id=holder_id,
            details={"track": track.name, "value": value.name if value else None},
        )  # fmt: skip
