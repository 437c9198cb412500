"""Send 200 pictures of about 5 MB and 30 bombs to a running house, as the page of the media does: three at a time, in
pieces of 1 MB. Nothing lost, nothing let in, memory flat. PICTURES says how many.

Prints one line of JSON last: pictures kept, bombs refused, seconds per picture, and the memory of the web process
after a tenth of the pictures and the most it ever was after that, in MiB. `make bench-media`.
"""

import io
import json
import os
import random
import re
import secrets
import sqlite3
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.cookiejar import CookieJar
from pathlib import Path

import house
from PIL import Image

from domain import db, tokens
from domain.accounts import passwords, rolebook
from domain.accounts.models import Membership, User
from domain.tenancy.models import Tenant
from mediadb import storage
from tests import pictures
from tests.journeys import houses

EDGE = 2_300  # of noise, which no encoder makes small: about 5 MB
QUALITY = 88
PIECE, AT_ONCE = 1024 * 1024, 3  # as portal/static/js/upload.js has it
MOST_GROWTH_MIB = 64
EMAIL, PASSWORD = "bench@bench.example", "only for this measurement"


class Sender:
    """Somebody who is signed in and sends files."""

    def __init__(self, url: str) -> None:
        self.media = f"{url}/t/bench/media"
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        form = {"csrf_token": self._token(f"{url}/signin"), "email": EMAIL, "password": PASSWORD}
        self._browser.open(f"{url}/signin", urllib.parse.urlencode(form).encode()).read()
        self._csrf = self._token(self.media)

    def send(self, name: str, data: bytes) -> bool:
        """Whether the house has taken the file."""
        if len(data) <= 2 * PIECE:
            return self._post(f"{self.media}/upload", {}, name, data) == 200
        key = secrets.token_hex(8)
        for number, begin in enumerate(range(0, len(data), PIECE)):
            piece = data[begin : begin + PIECE]
            said = self._post(f"{self.media}/pieces", {"upload": key, "number": str(number)}, name, piece)
            if said != 200:
                return False
        return (
            self._post(f"{self.media}/pieces/whole", {"upload": key, "name": name, "size": str(len(data))})
            == 200
        )

    def _token(self, address: str) -> str:
        page = self._browser.open(address).read().decode()
        found = re.search(r'name="csrf[-_]token"[^>]*?(?:content|value)="([^"]+)"', page)
        if found is None:
            raise SystemExit(f"no token in {address}")
        return found[1]

    def _post(self, address: str, fields: dict[str, str], name: str = "", data: bytes = b"") -> int:
        edge = secrets.token_hex(16)
        head = "".join(
            f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        )
        body = head.encode()
        if data:
            part = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
            body += part.encode() + data + b"\r\n"
        headers = {
            "Content-Type": f"multipart/form-data; boundary={edge}", "X-CSRFToken": self._csrf,
            "X-Requested-With": "upload",
        }  # fmt: skip
        request = urllib.request.Request(address, body + f"--{edge}--\r\n".encode(), headers)
        try:
            return int(self._browser.open(request).status)
        except urllib.error.HTTPError as refused:
            return refused.code


def main() -> int:
    """0 when everything that should be kept was kept and nothing else, and memory stayed flat."""
    wanted = int(os.environ.get("PICTURES", "200"))
    with tempfile.TemporaryDirectory(prefix="bench-media-") as name:
        folder = Path(name) / "house"
        folder.mkdir()
        _found(folder)
        with houses.running(folder, DEMO="0") as running:
            found = _measure(running, Sender(running.url), wanted)
    print(json.dumps(found))
    flat = found["memory_end_mib"] - found["memory_begin_mib"] < MOST_GROWTH_MIB
    return 0 if found["kept"] == wanted and found["refused"] == found["bombs"] and flat else 1


def _found(folder: Path) -> None:
    """A tenant, and an editor in it."""
    db.bind(f"sqlite:///{folder}/portal.db")
    tokens.configure(b"only for this measurement, 32 bytes.")
    storage.configure(f"file://{folder}/media")
    db.migrate()
    with db.connection():
        tenant = Tenant.create(slug="bench", name="Bench")
        user = User.create(email=EMAIL, name="Bench", password_hash=passwords.hash_password(PASSWORD))
        Membership.create(tenant_id=tenant.id, user=user, role=rolebook.ensure_starters()["editor"])


def _measure(running: houses.House, sender: Sender, wanted: int) -> dict[str, float]:
    bombs, tenth = pictures.bombs(), max(1, wanted // 10)
    started = time.perf_counter()
    size = _send(sender, range(tenth))
    begin = _web_mib(running)
    size += _send(sender, range(tenth, wanted))
    seconds = time.perf_counter() - started
    with ThreadPoolExecutor(AT_ONCE) as hands:
        refused = sum(not taken for taken in hands.map(lambda bomb: sender.send(*bomb), bombs))
    with closing(sqlite3.connect(running.instance / "portal.db")) as rows:
        kept, sizes, waiting = (
            rows.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("asset", "rendition", "upload_piece")
        )
    return {
        "pictures": wanted, "mb_each": round(size / wanted / 1e6, 1), "kept": kept, "sizes": sizes,
        "pieces_left": waiting, "bombs": len(bombs), "refused": refused, "s_each": round(seconds / wanted, 2),
        "memory_begin_mib": begin, "memory_end_mib": _web_mib(running),
    }  # fmt: skip


def _send(sender: Sender, numbers: Iterable[int]) -> int:
    """Draw and send these pictures; how many bytes they were."""
    noise = random.Random(1).randbytes(EDGE * EDGE * 3)

    def one(number: int) -> int:
        data = _picture(noise, number)
        sender.send(f"{number}.jpg", data)
        return len(data)

    with ThreadPoolExecutor(AT_ONCE) as hands:
        return sum(hands.map(one, numbers))


def _picture(noise: bytes, number: int) -> bytes:
    """Another 5 MB each time: the same noise, begun elsewhere."""
    at = (number * 6_911 * 3) % len(noise)
    image = Image.frombytes("RGB", (EDGE, EDGE), noise[at:] + noise[:at])
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _web_mib(running: houses.House) -> float:
    """The most memory that a process of the web ever had."""
    pids = [pid for pid, part in houses.processes_of(running).items() if part == "web"]
    return max(house.rss_mb(pid) for pid in pids)


if __name__ == "__main__":
    sys.exit(main())
