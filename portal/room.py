"""How much room is left where this installation writes: with little of it imports wait, so that mails can still be
written down."""

import shutil
from pathlib import Path

from domain.errors import N_, Conflict

SHARE, ENOUGH = 0.1, 5 * 1024**3  # less than a tenth of the disk and less than this is little
_MB = 1024**2


def is_scarce(folder: Path) -> bool:
    """Whether the disk of the folder is nearly full."""
    disk = shutil.disk_usage(folder)
    return disk.free < ENOUGH and disk.free < SHARE * disk.total


def free_mb(folder: Path) -> int:
    return shutil.disk_usage(folder).free // _MB


def must_be_left(folder: Path) -> None:
    """Raise Conflict for an act that needs much room while there is little."""
    if is_scarce(folder):
        raise Conflict(
            N_("The disk is nearly full: %(mb)s MB are left. Nothing is imported until an administrator makes room."),
            mb=free_mb(folder),
        )  # fmt: skip
