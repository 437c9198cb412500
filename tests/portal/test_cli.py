"""The command line and its process tree: real processes, stopped the way people and crashes stop them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from domain.accounts import sessions
from domain.accounts.models import User
from domain.accounts.policy import tenants_of
from domain.errors import Invalid, NotFound
from domain.tenancy.models import Tenant
from portal import cli, house, launch, people
from portal.settings import Settings, load
from portal.supervisor import CONFIG_EXIT, Supervisor

WAIT_S = 20  # a ceiling for hung processes, not an expectation
SLEEPER = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether `holds` becomes true before WAIT_S is over."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False


def is_alive(pid: int) -> bool:
    """Whether a process exists and is not only waiting to be reaped."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor({}, say=lambda line: None)
    yield made
    made.stop()


def run_cli(instance: Path, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "portal.cli", *arguments],
        env={**os.environ, "INSTANCE": str(instance), **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_wrong_setting_ends_with_one_line_and_its_own_exit_code(tmp_path: Path) -> None:
    done = run_cli(tmp_path, "up", PORT="abc")
    assert done.returncode == CONFIG_EXIT
    assert done.stderr.splitlines() == ["rundbrief: PORT: allowed is a number from 1 to 65535"]


def test_database_that_is_down_ends_with_one_line_without_the_password(tmp_path: Path) -> None:
    done = run_cli(tmp_path, "migrate", DATABASE_URL="postgresql://anna:geheim@127.0.0.1:1/house")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Check DATABASE_URL" in done.stderr and "geheim" not in done.stderr


@pytest.mark.sqlite_only
def test_fresh_folder_is_migrated_and_found_in_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "FAIL  database: " in run_cli(tmp_path, "check").stdout
    assert "applied 0001_initial" in run_cli(tmp_path, "migrate").stdout
    assert run_cli(tmp_path, "migrate").stdout == "The database is up to date.\n"
    assert "ok    database: SQLite, up to date" in run_cli(tmp_path, "check").stdout


@pytest.mark.sqlite_only
def test_setup_token_is_shown_while_the_house_is_empty(tmp_path: Path) -> None:
    run_cli(tmp_path, "migrate")
    shown = run_cli(tmp_path, "setup-token").stdout.strip()
    assert house.is_setup_token(tmp_path, shown)
    assert not house.is_setup_token(tmp_path, shown + "x")
    assert (tmp_path / "setup.token").stat().st_mode & 0o777 == 0o600
    house.discard_setup_token(tmp_path)
    assert not house.is_setup_token(tmp_path, shown)


def test_added_person_can_sign_in_with_the_printed_password(database: str) -> None:
    Tenant.create(slug="north", name="North")
    created, granted = people.add_person("Anna@North.example", "Anna Berg", "north", "editor")
    user = sessions.check("anna@north.example", created.rpartition(" ")[2])
    assert user is not None and user.name == "Anna Berg"
    assert [tenant.slug for tenant in tenants_of(user)] == ["north"]
    assert "Editor in North" in granted


def test_adding_a_known_person_gives_the_role_and_keeps_the_password(database: str) -> None:
    Tenant.create(slug="north", name="North")
    people.add_person("anna@north.example", "Anna Berg", "north", "editor")
    before = User.get().password_hash
    assert people.add_person("anna@north.example", "", "north", "editor")[0].startswith(
        "anna@north.example already"
    )
    assert len(people.add_person("anna@north.example", "", "north", "journalist")) == 1
    assert User.get().password_hash == before


@pytest.mark.parametrize(
    ("email", "tenant", "role", "error", "text"),
    [
        ("anna@north.example", "south", "editor", NotFound, "Known are: north"),
        ("anna@north.example", "north", "king", NotFound, "journalist, editor"),
        ("anna", "north", "editor", Invalid, "@"),
    ],
)
def test_person_is_refused_with_what_would_be_right(
    database: str, email: str, tenant: str, role: str, error: type[Exception], text: str
) -> None:
    Tenant.create(slug="north", name="North")
    with pytest.raises(error, match=text):
        people.add_person(email, "", tenant, role)
    assert not User.select().exists()


def test_catcher_runs_for_the_default_and_beside_real_mail_in_a_demo_house(tmp_path: Path) -> None:
    def parts(**environ: str) -> list[str]:
        return launch.parts_of(load({"INSTANCE": str(tmp_path), **environ}))

    assert parts() == ["catcher", "deliver", "work", "web"]
    assert parts(SMTP_URL="smtp://mail.example") == ["catcher", "deliver", "work", "web"]
    assert parts(SMTP_URL="smtp://mail.example", DEMO="0") == ["deliver", "work", "web"]


def test_second_house_over_the_same_instance_is_refused(settings: Settings) -> None:
    with launch._only_one_per_instance(settings):
        done = run_cli(settings.instance, "up", DATABASE_URL=settings.database_url)
    assert done.returncode == CONFIG_EXIT
    assert "runs in" in done.stderr and "already" in done.stderr


def test_part_that_died_is_started_again(supervisor: Supervisor) -> None:
    part = supervisor.add("sleeper", [sys.executable, "-c", SLEEPER])
    assert part.process is not None
    first_pid = part.process.pid
    os.kill(first_pid, signal.SIGKILL)
    assert supervisor.wait_until(lambda: part.is_running and part.process.pid != first_pid, WAIT_S)


def test_part_that_keeps_dying_is_started_with_growing_delay(supervisor: Supervisor) -> None:
    said: list[str] = []
    supervisor._say = said.append
    supervisor.add("broken", [sys.executable, "-c", "raise SystemExit(3)"])
    assert supervisor.wait_until(lambda: len(said) >= 2, WAIT_S)
    assert said[:2] == [
        "broken ended with 3; it starts again in 0.5 s",
        "broken ended with 3; it starts again in 1 s",
    ]


def test_wrong_settings_in_a_part_end_the_whole_house(supervisor: Supervisor) -> None:
    other = supervisor.add("sleeper", [sys.executable, "-c", SLEEPER])
    supervisor.add("web", [sys.executable, "-c", f"raise SystemExit({CONFIG_EXIT})"])
    assert supervisor.run() == CONFIG_EXIT
    assert not other.is_running


def test_stop_ends_parts_that_ignore_the_request(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.supervisor.GRACE_S", 0.5)
    part = supervisor.add("stubborn", [sys.executable, "-c", STUBBORN])
    supervisor.stop()
    assert not part.is_running


TREE = """
import sys
from portal.supervisor import Supervisor
supervisor = Supervisor({})
supervisor.catch_signals()
for name in ("one", "two"):
    print(supervisor.add(name, [sys.executable, "-c", "import time; time.sleep(600)"]).process.pid, flush=True)
print("up", flush=True)
sys.exit(supervisor.run())
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_no_part_outlives_its_supervisor(signum: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", TREE], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        assert parent.stdout.readline() == "up\n"
        assert all(is_alive(pid) for pid in pids)
        parent.send_signal(signum)
        code = parent.wait(WAIT_S)
    assert code == (-signum if signum is signal.SIGKILL else 0)
    assert eventually(lambda: not any(is_alive(pid) for pid in pids))


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    shown = capsys.readouterr().out
    for command in ("up", "web", "deliver", "work", "catcher", "migrate", "demo", "user", "check"):
        assert f"    {command} " in shown
