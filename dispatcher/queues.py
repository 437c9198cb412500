"""The two queues: `deliver` wakes the dispatcher, `render` feeds the workers. They carry ids, never mail state.

Until `configure` names a storage they live in memory: whoever only enqueues (a test, a shell) loses nudges, and
nudges may be lost.
"""

from urllib.parse import urlsplit

from huey import Huey
from huey.storage import MemoryStorage, SqliteStorage

deliver = Huey("deliver", storage_class=MemoryStorage, results=False, utc=True)
render = Huey("render", storage_class=MemoryStorage, results=False, utc=True)


def configure(queue_url: str) -> None:
    """Put both queues into the storage of `queue_url`: `sqlite:///path` or `redis://…`."""
    parts = urlsplit(queue_url)
    for huey in (deliver, render):
        if parts.scheme == "sqlite":
            huey.storage_class, huey.storage_kwargs = SqliteStorage, {"filename": parts.path, "timeout": 30}
        else:
            from huey.storage import PriorityRedisStorage

            huey.storage_class, huey.storage_kwargs = PriorityRedisStorage, {"url": queue_url}
        huey.storage = huey.create_storage()
