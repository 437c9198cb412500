"""Files under the hash of their content, below one folder: written whole or not at all, never changed."""

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

_root: Path | None = None


def configure(media_url: str) -> None:
    """Keep files in the folder of `media_url` (file:///absolute/folder)."""
    global _root
    _root = Path(urlsplit(media_url).path)


def put(data: bytes) -> str:
    """Store `data`; returns its SHA-256 in hex, under which `read` finds it again."""
    digest = hashlib.sha256(data).hexdigest()
    path = path_of(digest)
    if not path.exists():
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
    return digest


def read(digest: str) -> bytes:
    """The bytes stored under `digest`; raises FileNotFoundError."""
    return path_of(digest).read_bytes()


def exists(digest: str) -> bool:
    return path_of(digest).is_file()


def delete(digest: str) -> None:
    """Forget the bytes; nothing happens where there are none."""
    path_of(digest).unlink(missing_ok=True)


def path_of(digest: str) -> Path:
    """Where the file of `digest` lies or would lie."""
    if _root is None:
        raise RuntimeError("mediadb.storage.configure() was not called")
    if len(digest) != 64 or not digest.isalnum():
        raise ValueError("not a digest")
    return _root / digest[:2] / digest
