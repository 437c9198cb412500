"""The process tree as a whole: comes up, answers, goes down, and nothing of it stays behind."""

import http.client
import os
import signal
import smtplib
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.journeys.houses import STOPPED_WITHIN_S, House, processes_of, running

PARTS = {"catcher", "deliver", "work", "web"}
ALL = {"up", *PARTS, "desk"}  # the desk belongs to deliver


def status_of(house: House, path: str = "/") -> int:
    connection = http.client.HTTPConnection(urlsplit(house.url).netloc, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def gone(house: House) -> bool:
    """Whether no process of the house is left, now or soon."""
    for _ in range(STOPPED_WITHIN_S * 10):
        if not processes_of(house):
            return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def empty_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house without anybody in it."""
    with running(tmp_path_factory.mktemp("empty-house"), DEMO="0") as found:
        yield found


@pytest.mark.parametrize(
    ("signum", "demo"), [(signal.SIGINT, "1"), (signal.SIGTERM, "0"), (signal.SIGKILL, "0")],
    ids=["INT to one that has just built its demo", "TERM", "KILL"],
)  # fmt: skip
def test_every_process_ends_with_the_house(tmp_path: Path, signum: signal.Signals, demo: str) -> None:
    with running(tmp_path / "house", DEMO=demo) as house:
        assert ("Demo logins:" in house.greeting) == (demo == "1")
        assert {*processes_of(house).values()} == ALL
        house.process.send_signal(signum)
        code = house.process.wait(STOPPED_WITHIN_S)
        assert code == (-signum if signum is signal.SIGKILL else 0)
        assert gone(house)


def test_empty_house_leads_to_setup_and_says_the_token_only_on_the_terminal(empty_house: House) -> None:
    assert status_of(empty_house) == 302
    assert (empty_house.instance / "setup.token").read_text().strip() == empty_house.setup_token


def test_secrets_are_readable_by_their_owner_only(empty_house: House) -> None:
    for name in ("secret.key", "setup.token"):
        assert (empty_house.instance / name).stat().st_mode & 0o077 == 0


def test_catcher_takes_mail_on_the_port_it_wrote_down(empty_house: House) -> None:
    port = int((empty_house.instance / "catcher.port").read_text())
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        assert client.noop()[0] == 250


def test_killed_process_is_replaced_and_the_house_goes_on(empty_house: House) -> None:
    before = processes_of(empty_house)
    for pid, name in before.items():
        if name in PARTS:
            os.kill(pid, signal.SIGKILL)
    for _ in range(600):
        after = processes_of(empty_house)
        if {*after.values()} >= ALL and not {p for p, n in before.items() if n in PARTS} & {*after}:
            break
        time.sleep(0.1)
    assert {*after.values()} == ALL
    assert "starts again in" in (empty_house.instance / "terminal.log").read_text()


def test_second_start_finds_the_house_as_it_was(tmp_path: Path) -> None:
    with running(tmp_path / "house", DEMO="0") as first:
        pass
    assert gone(first)
    with running(tmp_path / "house", DEMO="0") as second:
        assert second.setup_token == first.setup_token
