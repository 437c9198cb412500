"""Take in 200 pictures of about 5 MB and 30 bombs: nothing lost, nothing let in, memory flat. PICTURES says how many.

Prints one line of JSON last: pictures kept, bombs refused, seconds per picture, and the memory of the portal's own
process after a tenth of the pictures and after all of them, in MiB. `make bench-media`.
"""

import io
import json
import os
import random
import resource
import sys
import tempfile
import time

import house  # noqa: F401 - puts the product on the path
from PIL import Image

from domain import db, tokens
from domain.errors import DomainError
from domain.tenancy.models import Tenant
from mediadb import library, storage
from mediadb.models import Asset, Rendition
from tests import pictures

EDGE = 2_300  # of noise, which no encoder makes small: about 5 MB
QUALITY = 88
MOST_GROWTH_MIB = 64


def main() -> int:
    """0 when everything that should be kept was kept and nothing else, and memory stayed flat."""
    wanted = int(os.environ.get("PICTURES", "200"))
    with tempfile.TemporaryDirectory(prefix="bench-media-") as folder:
        db.bind(f"sqlite:///{folder}/portal.db")
        tokens.configure(b"only for this measurement, 32 bytes.")
        storage.configure(f"file://{folder}/media")
        db.migrate()
        with db.connection():
            tenant = Tenant.create(slug="bench", name="Bench")
            found = _measure(tenant.id, wanted)
    print(json.dumps(found))
    flat = found["memory_end_mib"] - found["memory_begin_mib"] < MOST_GROWTH_MIB
    return 0 if found["kept"] == wanted and found["refused"] == found["bombs"] and flat else 1


def _measure(tenant_id: int, wanted: int) -> dict[str, float]:
    noise = random.Random(1).randbytes(EDGE * EDGE * 3)
    bombs = pictures.bombs()
    refused, begin, size = 0, 0.0, 0
    started = time.perf_counter()
    for number in range(wanted):
        data = _picture(noise, number)
        size += len(data)
        library.upload(tenant_id, 1, f"{number}.jpg", data)
        if number % max(1, wanted // len(bombs)) == 0 and bombs:
            refused += _is_refused(tenant_id, *bombs[refused % len(bombs)]) if refused < len(bombs) else 0
        if number == wanted // 10:
            begin = _memory_mib()
    seconds = time.perf_counter() - started
    while refused < len(bombs) and _is_refused(tenant_id, *bombs[refused]):
        refused += 1
    return {
        "pictures": wanted, "mb_each": round(size / wanted / 1e6, 1), "kept": Asset.select().count(),
        "sizes": Rendition.select().count(), "bombs": len(bombs), "refused": refused,
        "s_each": round(seconds / wanted, 2), "memory_begin_mib": begin, "memory_end_mib": _memory_mib(),
    }  # fmt: skip


def _picture(noise: bytes, number: int) -> bytes:
    """Another 5 MB each time: the same noise, begun elsewhere."""
    at = (number * 6_911 * 3) % len(noise)
    image = Image.frombytes("RGB", (EDGE, EDGE), noise[at:] + noise[:at])
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _is_refused(tenant_id: int, name: str, data: bytes) -> bool:
    try:
        library.upload(tenant_id, 1, name, data)
    except DomainError:
        return True
    return False


def _memory_mib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


if __name__ == "__main__":
    sys.exit(main())
