"""Files under the hash of their content, in a folder or in a bucket: written whole or not at all, never changed."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from mediadb import s3


class Store(Protocol):
    """What keeps bytes under a digest."""

    def put(self, digest: str, data: bytes) -> None: ...
    def read(self, digest: str) -> bytes: ...
    def exists(self, digest: str) -> bool: ...
    def delete(self, digest: str) -> None: ...


class Folder:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest

    def put(self, digest: str, data: bytes) -> None:
        path = self.path(digest)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def read(self, digest: str) -> bytes:
        return self.path(digest).read_bytes()

    def exists(self, digest: str) -> bool:
        return self.path(digest).is_file()

    def delete(self, digest: str) -> None:
        self.path(digest).unlink(missing_ok=True)


_store: Store | None = None


def configure(media_url: str) -> None:
    """Keep files in the folder of `media_url` (file:///absolute/folder) or in its bucket (s3://…, see mediadb.s3)."""
    global _store
    parts = urlsplit(media_url)
    _store = s3.Bucket.of(media_url) if parts.scheme == "s3" else Folder(Path(parts.path))


def put(data: bytes) -> str:
    """Store `data`; returns its SHA-256 in hex, under which `read` finds it again."""
    digest = hashlib.sha256(data).hexdigest()
    _kept().put(digest, data)
    return digest


def read(digest: str) -> bytes:
    """The bytes stored under `digest`; raises FileNotFoundError."""
    return _kept().read(_checked(digest))


def exists(digest: str) -> bool:
    return _kept().exists(_checked(digest))


def delete(digest: str) -> None:
    """Forget the bytes; nothing happens where there are none."""
    _kept().delete(_checked(digest))


def path_of(digest: str) -> Path | None:
    """Where the file of `digest` lies or would lie on this machine; None in a bucket."""
    store = _kept()
    return store.path(_checked(digest)) if isinstance(store, Folder) else None


def _kept() -> Store:
    if _store is None:
        raise RuntimeError("mediadb.storage.configure() was not called")
    return _store


def _checked(digest: str) -> str:
    if len(digest) != 64 or not digest.isalnum():
        raise ValueError("not a digest")
    return digest
