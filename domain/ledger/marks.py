"""Which machines send for this installation, and whether one of them must ask first.

A database or a folder that was restored or cloned does not send until an administrator of the installation says so:
otherwise two houses would write to the same people, or one would send again what had already gone.
"""

from domain import clock
from domain.db import unscoped
from domain.ledger.models import Delivery, InstallationMark

NEW, FILE_GONE, RESTORED = "new", "file_gone", "restored"
CONFIRMED = "confirmed"  # by a person; the machine takes the count of the database as its own


def of(machine: str) -> InstallationMark | None:
    return InstallationMark.get_or_none(InstallationMark.machine == machine)


@unscoped("the mark belongs to the installation")
def is_untouched() -> bool:
    """Whether nothing has been sent from this database and no machine is known: a new house."""
    return not InstallationMark.select().exists() and not Delivery.select().exists()


def any_known() -> bool:
    return InstallationMark.select().exists()


def enter(machine: str, host: str, doubt: str) -> InstallationMark:
    """A machine that is here for the first time."""
    InstallationMark.insert(
        machine=machine, host=host[:120], doubt=doubt, doubted_at=clock.epoch() if doubt else None
    ).on_conflict_ignore().execute()
    return InstallationMark.get(InstallationMark.machine == machine)


def rise(machine: str, epoch: int) -> bool:
    """Count on from `epoch`; False if the row says something else by now."""
    changed = InstallationMark.update(epoch=epoch + 1, doubt="").where(
        InstallationMark.machine == machine, InstallationMark.epoch == epoch,
        InstallationMark.doubt.in_(["", CONFIRMED]),
    )  # fmt: skip
    return bool(changed.execute())


def doubt(machine: str, why: str) -> None:
    """Stop sending from a machine until a person has looked."""
    InstallationMark.update(doubt=why, doubted_at=clock.epoch()).where(
        InstallationMark.machine == machine, InstallationMark.doubt == ""
    ).execute()


def doubtful() -> list[InstallationMark]:
    """Machines that wait for a word, newest first."""
    query = InstallationMark.select().where(InstallationMark.doubt.not_in(["", CONFIRMED]))
    return list(query.order_by(InstallationMark.doubted_at.desc()))


def confirm(mark_id: int, user_id: int | None) -> bool:
    """An administrator of the installation lets a machine send (None: on the machine itself); False if it does not wait
    (any more)."""
    changed = InstallationMark.update(
        doubt=CONFIRMED, confirmed_by_id=user_id, confirmed_at=clock.epoch()
    ).where(InstallationMark.id == mark_id, InstallationMark.doubt.not_in(["", CONFIRMED]))
    return bool(changed.execute())
