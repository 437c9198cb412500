"""What a deliver process must not load: imported before everything else there, it keeps the process below 60 MB.

peewee tries every driver, huey every storage, structlog every pretty printer and pycryptodome a compiler of C
declarations, if they are installed. A module that stands in `sys.modules` as None counts as not installed.
"""

import ctypes
import sys

_M_ARENA_MAX = -8  # malloc.h of glibc
_PRINTERS = ("rich", "pygments", "better_exceptions")
_WRAPPERS = ("cffi",)  # pycryptodome's other way into its own libraries; ctypes is there anyway
_DRIVERS = ("psycopg2", "pymysql", "MySQLdb", "cysqlite", "sqlcipher3")


def leave_out(database_url: str, queue_url: str) -> None:
    """Keep out what this installation does not use; what is loaded already stays."""
    names = [*_PRINTERS, *_WRAPPERS, *_DRIVERS]
    if not database_url.startswith("postgres"):
        names.append("psycopg")
    if not queue_url.startswith("redis"):
        names.append("redis")
    for name in names:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def one_heap() -> None:
    """One heap for all threads, before there are any: glibc gives each its own, and what one frees no other gets. Saves
    some 5 MB. They share the interpreter anyway, so nobody waits; other C libraries have no such choice."""
    if hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)
