"""A person at the portal without script: pages are read, their own forms are filled in and sent, over real HTTP."""

import http.cookiejar
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlencode, urljoin

import lxml.html

WAIT_S = 120


@dataclass(frozen=True)
class Page:
    """What came back, redirects followed."""

    url: str
    status: int
    headers: Message
    text: str

    @property
    def tree(self) -> lxml.html.HtmlElement:
        return lxml.html.fromstring(self.text, base_url=self.url)

    @property
    def said(self) -> str:
        """The words of the page, for messages of failures."""
        return " ".join(self.tree.text_content().split())[-1500:]


class Walker:
    """One browser: its cookies, and the page it is on."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url
        jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(strict_domain=False))
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self.page = Page(base_url, 0, Message(), "<p></p>")

    def get(self, path: str) -> Page:
        return self._open(urllib.request.Request(urljoin(self._base + "/", path)))

    def send(self, action: str, button: tuple[str, str] | None = None, **values: object) -> Page:
        """Fill in the form of this page whose address ends with `action` and press a button of it (name, value).

        A value may be a list (several ticks), None (leave it out) or (filename, bytes) for a file."""
        form = next((f for f in self.page.tree.forms if (f.action or self.page.url).endswith(action)), None)
        assert form is not None and form.method == "POST", (
            f"no form {action} on {self.page.url}: {self.page.said}"
        )
        fields = [(name, value) for name, value in form.form_values() if name not in values]
        files = {name: value for name, value in values.items() if isinstance(value, tuple)}
        for name, value in values.items():
            if value is not None and name not in files:
                fields += [(name, str(item)) for item in (value if isinstance(value, list) else [value])]
        url = urljoin(self.page.url, form.action or self.page.url)
        return self._post(url, [*fields, *([button] if button else [])], files)

    def _post(self, url: str, fields: list[tuple[str, str]], files: dict[str, tuple[str, bytes]]) -> Page:
        if files:
            body, kind = _multipart(fields, files)
        else:
            body, kind = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        return self._open(urllib.request.Request(url, body, {"Content-Type": kind, "Referer": self.page.url}))

    def _open(self, request: urllib.request.Request) -> Page:
        try:
            answer = self._opener.open(request, timeout=WAIT_S)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read().decode("utf-8", "replace")
            self.page = Page(answer.url, answer.status, answer.headers, text or "<p></p>")
        return self.page


def _multipart(fields: list[tuple[str, str]], files: dict[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    mark = secrets.token_hex(16)
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    for name, (filename, content) in files.items():
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n")
    return b"".join(parts) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"
