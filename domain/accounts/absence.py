"""Who is away, and who stands in meanwhile."""

from datetime import datetime

from peewee import ModelSelect

from domain import clock
from domain.accounts import policy
from domain.accounts.models import Membership, User
from domain.accounts.permissions import Permission
from domain.audit import log
from domain.db import database, unscoped
from domain.errors import N_, Invalid


def is_away(user: User) -> bool:
    """Whether the person has said to be away at this moment."""
    now = clock.now()
    return bool(
        user.away_until and user.away_until > now and (user.away_from is None or user.away_from <= now)
    )


def set_own(user: User, begins: datetime | None, ends: datetime | None, stand_in_id: int | None) -> None:
    """Be away from `begins` (None: already) until `ends` (None: not away); raises Invalid (fields of the form)."""
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    if ends is not None and ends <= clock.now():
        wrong["away_until"] = N_("This day is over. Choose a later one.")
    if begins is not None and ends is None:
        wrong["away_until"] = N_("Say until when you are away.")
    if begins is not None and ends is not None and ends <= begins:
        wrong["away_until"] = N_("The end lies before the beginning.")
    if stand_in_id is not None and stand_in_id not in {other.id for other in colleagues(user)}:
        wrong["stand_in"] = N_("Choose somebody you work with in a tenant.")
    if wrong:
        raise Invalid(fields=wrong)
    before = _said(user)
    with database.atomic():
        user.away_from, user.away_until, user.stand_in_id = begins, ends, stand_in_id
        user.save()
        log.record(
            log.HOUSE, "user.absence", user_id=user.id, kind="user", object_id=user.id,
            details={"before": before, "after": _said(user)},
        )  # fmt: skip


@unscoped("the person's own tenants and who works there, too")
def colleagues(user: User) -> list[User]:
    """Active people who share a tenant with the person, by name."""
    mine = Membership.select(Membership.tenant_id).where(Membership.user == user)
    theirs = Membership.select(Membership.user).where(Membership.tenant_id.in_(mine))
    query = User.select().where(User.id.in_(theirs), User.active, User.id != user.id)
    return list(query.order_by(User.name))


def represented(user: User) -> list[User]:
    """The people for whom `user` stands in at this moment."""
    return [
        other for other in User.select().where(User.stand_in_id == user.id, User.active) if is_away(other)
    ]


def stand_ins(users: list[User], tenant_id: int, permission: Permission) -> list[User]:
    """Who stands in for those of `users` who are away; only people who hold the right themselves."""
    wanted = {user.stand_in_id for user in users if user.stand_in_id and is_away(user)}
    query: ModelSelect = User.select().where(User.id.in_(wanted or {0}), User.active)
    return [user for user in query if permission in policy.rights_of(user, tenant_id)]


def _said(user: User) -> dict[str, str | int | None]:
    return {
        "first_day": user.away_from and user.away_from.isoformat(),
        "until": user.away_until and user.away_until.isoformat(), "stand_in": user.stand_in_id,
    }  # fmt: skip
