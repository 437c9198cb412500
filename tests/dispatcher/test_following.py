"""Links are followed as a reader would, and never into a private network."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import ClassVar

import pytest

from dispatcher.jobs import links as jobs
from dispatcher.preflight import following
from domain import clock
from domain.issues import assembly, links
from domain.issues.models import BlockKind, Issue, LinkCheck
from domain.issues.models import LinkState as S
from tests import mailings
from tests import world as worlds


class Pages(BaseHTTPRequestHandler):
    """Answers by its path; notes who asked for what."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.asked.append((self.command, self.path))
        status, _, target = self.path.strip("/").partition("/")
        if status == "get":  # a server that knows no HEAD
            self.send_response(200 if self.command == "GET" else 405)
        else:
            self.send_response(int(status))
        if target:
            self.send_header("Location", target if "://" in target else f"/{target}")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Pages.asked = []
    found = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{found.server_port}"
    found.shutdown()
    found.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("path", "state", "status"),
    [
        ("/200", S.FINE, 200), ("/404", S.GONE, 404), ("/410", S.GONE, 410), ("/500", S.FAILED, 500),
        ("/403", S.FINE, 403), ("/get", S.FINE, 200), ("/301/404", S.GONE, 404), ("/302/200", S.FINE, 200),
        ("/200?q=ä b", S.FINE, 200),
    ],
)  # fmt: skip
def test_an_answer_is_told_as_a_reader_would_find_it(server: str, path: str, state: S, status: int) -> None:
    path = path.replace("?q=ä b", "/?q=ä b") if "?" in path else path
    found = following.follow(server + path, public_only=False)
    assert (found.state, found.status) == (state, status)


def test_a_circle_of_redirects_ends(server: str) -> None:
    found = following.follow(f"{server}/302/" + "302/" * 20, public_only=False)
    assert found.state == S.FAILED and len(Pages.asked) <= 2 * (following.HOPS + 1)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/200", "http://localhost:{port}/200", "http://[::1]:{port}/200",
        "http://0.0.0.0:{port}/", "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/",
        "http://192.168.1.1/", "http://[::ffff:127.0.0.1]:{port}/", "http://2130706433:{port}/",
        "http://0x7f.1:{port}/", "http://[fe80::1]/", "http://100.64.0.1/",
    ],
)  # fmt: skip
def test_private_networks_are_never_reached(server: str, url: str) -> None:
    port = server.rpartition(":")[2]
    found = following.follow(url.replace("{port}", port))
    assert found.state in (S.PRIVATE, S.UNKNOWN)
    assert not Pages.asked


def test_a_redirect_into_a_private_network_is_not_followed(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first hop is public (a name that resolves to the test server, as if it lay outside)."""
    real = following.addresses
    port = int(server.rpartition(":")[2])

    def outside(host: str, asked: int, public_only: bool = False) -> list:
        if host == "news.example":
            return [(2, ("127.0.0.1", port))]
        return real(host, asked, public_only)

    monkeypatch.setattr(following, "addresses", outside)
    found = following.follow(f"http://news.example:{port}/302/{server}/200")
    assert found.state == S.PRIVATE
    assert [path for _verb, path in Pages.asked] == [f"/302/{server}/200"]


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "http://", "http://a b/", "http://x.example:99999/", "javascript:1"]
)
def test_what_is_no_web_address_is_asked_of_nobody(url: str) -> None:
    assert following.follow(url).state in (S.SILENT, S.UNKNOWN)


@pytest.fixture
def world(database: str) -> worlds.World:
    return worlds.build()


def test_links_are_asked_once_and_again_when_the_answer_is_old(
    world: worlds.World, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [
        f"{server}/200",
        f"{server}/200#part",
        f"{server}/404",
        f"{server}/[Vorname]",
        "mailto:a@b.example",
    ]
    assert links.ask(world.north.id, urls) == 2
    assert jobs.follow_some(public_only=False) == 2
    states = {row.url.rpartition("/")[2]: row.state for row in LinkCheck.select()}
    assert states == {"200": S.FINE, "404": S.GONE}
    assert links.ask(world.north.id, urls) == 0
    later = clock.epoch() + links.AGAIN_S + 5
    monkeypatch.setattr(clock, "epoch", lambda: later)
    assert links.ask(world.north.id, urls) == 1, "what did not work is tried again sooner"
    assert links.standing(world.south.id, urls) == {}


def test_links_of_changed_issues_are_asked_for_by_the_sweep_and_one_bad_issue_stops_no_other(
    world: worlds.World, server: str
) -> None:
    bad, good = mailings.issue(world), mailings.issue(world)
    Issue.update(type_id=987_654).where(Issue.id == bad.id).execute()
    block = assembly.add(good, BlockKind.BUTTON)
    assembly.edit(good, block, {"label": "Alle Termine", "url": f"{server}/404"})
    house = SimpleNamespace(link_check="any", public_url=mailings.BASE_URL)
    jobs.sweep_for(house)()
    assert [(row.url, row.state) for row in LinkCheck.select()] == [(f"{server}/404", S.GONE)]
    jobs.sweep_for(SimpleNamespace(link_check="off", public_url=mailings.BASE_URL))()
    assert LinkCheck.select().count() == 1
