"""The two queues: `deliver` wakes the dispatcher, `render` feeds the workers. They carry ids, never mail state.

Until `configure` names a storage they live in memory: whoever only enqueues (a test, a shell) loses nudges, and
nudges may be lost.
"""

import json
from typing import Any
from urllib.parse import urlsplit

from huey import Huey
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import MemoryStorage, SqliteStorage


class JsonSerializer(Serializer):
    """Nudges as JSON: whoever can write to the queue can wake us, not run code here as with pickle."""

    def _serialize(self, data: Any) -> bytes:
        if isinstance(data, Message):
            data = {"message": {k: v for k, v in data._asdict().items() if v is not None}}
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Any:
        loaded = json.loads(data)
        if isinstance(loaded, dict) and "message" in loaded:
            return Message(**{k: tuple(v) if k == "args" else v for k, v in loaded["message"].items()})
        return loaded


def _queue(name: str) -> Huey:
    return Huey(name, storage_class=MemoryStorage, serializer=JsonSerializer(), results=False, utc=True)


deliver = _queue("deliver")
render = _queue("render")


def configure(queue_url: str) -> None:
    """Put both queues into the storage of `queue_url`: `sqlite:///path` or `redis://…`."""
    parts = urlsplit(queue_url)
    for huey in (deliver, render):
        if parts.scheme == "sqlite":
            huey.storage_class = SqliteStorage
            huey.storage_kwargs = {"filename": parts.path, "timeout": 30, "fsync": False}
        else:
            from huey.storage import PriorityRedisStorage

            huey.storage_class, huey.storage_kwargs = PriorityRedisStorage, {"url": queue_url}
        huey.storage = huey.create_storage()
