"""Files in a bucket that speaks S3: four requests, signed by Signature Version 4 with the standard library alone.

Addresses are path-style (host/bucket/key), which every server of this kind understands.
"""

import hashlib
import hmac
import http.client
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, unquote, urlsplit

WAIT_S = 30
TRIES = 3
PAUSE_S = 0.2  # before the second try, doubled before the third
SERVICE = "s3"


class StorageError(Exception):
    """The store does not answer as it should; the code is the server's."""


@dataclass(frozen=True)
class Bucket:
    """Where the files lie, and the key that opens it."""

    host: str
    name: str
    region: str
    access: str
    secret: str
    tls: bool = True
    prefix: str = ""

    @classmethod
    def of(cls, url: str) -> "Bucket":
        """From `s3://ACCESS:SECRET@host[:port]/bucket[/prefix]?region=…&tls=0`."""
        parts, asked = urlsplit(url), parse_qs(urlsplit(url).query)
        name, _slash, prefix = parts.path.strip("/").partition("/")
        host = parts.hostname or ""
        return cls(
            f"{host}:{parts.port}" if parts.port else host, name, asked.get("region", ["us-east-1"])[0],
            unquote(parts.username or ""), unquote(parts.password or ""), asked.get("tls", ["1"])[0] != "0",
            f"{prefix}/" if prefix else "",
        )  # fmt: skip

    def put(self, digest: str, data: bytes) -> None:
        """Store `data`; a bucket shows an object whole or not at all."""
        self._ask("PUT", digest, data, (200, 201, 204))

    def read(self, digest: str) -> bytes:
        """The bytes; raises FileNotFoundError."""
        status, body = self._ask("GET", digest, b"", (200, 404))
        if status == 404:
            raise FileNotFoundError(digest)
        return body

    def exists(self, digest: str) -> bool:
        return self._ask("HEAD", digest, b"", (200, 404))[0] == 200

    def delete(self, digest: str) -> None:
        self._ask("DELETE", digest, b"", (200, 204, 404))

    def _ask(self, method: str, digest: str, body: bytes, wanted: tuple[int, ...]) -> tuple[int, bytes]:
        """(status, body); tried again when the server or the way to it fails."""
        path = "/" + quote(f"{self.name}/{self.prefix}{digest[:2]}/{digest}")
        trouble = ""
        for number in range(TRIES):
            if number:
                time.sleep(PAUSE_S * 2 ** (number - 1))
            try:
                status, answer = self._once(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                trouble = str(error) or type(error).__name__
                continue
            if status in wanted:
                return status, answer
            trouble = f"{status} {answer[:200].decode('utf-8', 'replace')}"
            if status < 500:
                break
        raise StorageError(trouble)

    def _once(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self.tls else http.client.HTTPConnection
        line = kind(self.host, timeout=WAIT_S)
        try:
            line.request(
                method, path, body if method == "PUT" else None, self.headers(method, path, body, _now())
            )
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    def headers(self, method: str, path: str, body: bytes, at: datetime, query: str = "") -> dict[str, str]:
        """What a request must carry so that the server believes it; `query` in canonical form."""
        stamp, content = at.strftime("%Y%m%dT%H%M%SZ"), hashlib.sha256(body).hexdigest()
        signed = {"host": self.host, "x-amz-content-sha256": content, "x-amz-date": stamp}
        names = ";".join(signed)
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        request = "\n".join([method, path, query, lines, names, content])
        scope = f"{stamp[:8]}/{self.region}/{SERVICE}/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = f"AWS4{self.secret}".encode()
        for part in (stamp[:8], self.region, SERVICE, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        return {
            "Host": self.host, "x-amz-content-sha256": content, "x-amz-date": stamp,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={self.access}/{scope}, SignedHeaders={names}, "
            f"Signature={signature}",
        }  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC)
