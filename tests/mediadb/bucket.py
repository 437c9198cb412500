"""A tiny server on loopback that speaks S3 and believes only signatures that it makes again for itself."""

import hashlib
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mediadb.s3 import Bucket

ACCESS, SECRET = "RUNDBRIEF", "geheim/mit+zeichen"


class Server:
    """`url` is its MEDIA_URL; `objects` what it holds; `fail` how many requests it refuses with 503 first."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fail = 0
        self.seen: list[str] = []
        self._door = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._door.server_address[1]
        self.url = (
            f"s3://{ACCESS}:geheim%2Fmit%2Bzeichen@127.0.0.1:{self.port}/medien/haus?region=eu-test-1&tls=0"
        )
        self._thread = threading.Thread(target=self._door.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._door.shutdown()
        self._door.server_close()
        self._thread.join(5)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_args: Any) -> None: ...

            def _answer(self, status: int, body: bytes = b"") -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def do_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.seen.append(f"{self.command} {self.path}")
                if server.fail:
                    server.fail -= 1
                    return self._answer(503, b"SlowDown")
                at = datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                mine = Bucket(self.headers["Host"], "medien", "eu-test-1", ACCESS, SECRET)
                wanted = mine.headers(self.command, self.path, body, at)["Authorization"]
                if self.headers["Authorization"] != wanted:
                    return self._answer(403, b"SignatureDoesNotMatch")
                if self.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
                    return self._answer(400, b"XAmzContentSHA256Mismatch")
                if self.command == "PUT":
                    server.objects[self.path] = body
                    return self._answer(200)
                if self.command == "DELETE":
                    server.objects.pop(self.path, None)
                    return self._answer(204)
                found = server.objects.get(self.path)
                return self._answer(404) if found is None else self._answer(200, found)

            do_GET = do_PUT = do_HEAD = do_DELETE = do_any

        return Handler
