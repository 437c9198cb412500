"""Slow down who tries too often: counted in memory, enough for one web process (Redis when the queue is there)."""

from flask import Flask, current_app
from limits import parse
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter


def init_app(app: Flask) -> None:
    queue_url = app.config["SETTINGS"].queue_url
    shared = queue_url.startswith(("redis://", "rediss://"))
    app.extensions["throttle"] = FixedWindowRateLimiter(
        storage_from_string(queue_url) if shared else MemoryStorage()
    )


def hit(limit: str, *key: str) -> bool:
    """Count one try of `key` against e.g. "10 per hour"; False when that was one too many."""
    return current_app.extensions["throttle"].hit(parse(limit), *key)


def allowed(limit: str, *key: str) -> bool:
    """Whether another try would be let through, without counting one."""
    return current_app.extensions["throttle"].test(parse(limit), *key)


def network(address: str) -> str:
    """The /24 (IPv4) or /48 (IPv6) an address lies in: one household, one office."""
    if ":" in address:
        return ":".join(address.split(":")[:3])
    return ".".join(address.split(".")[:3])
