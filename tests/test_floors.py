"""Who may import whom. import-linter holds the packages apart (pyproject.toml); here is what it cannot see."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("portal", "dispatcher", "mediadb", "domain")
COMPOSITION_IMPORTS = {"sys", "flask", "portal.cli", "portal.factory", "portal.house", "portal.settings"}
# The one module that may use a library below the portal (design.md, section 1).
ONLY_IN = {
    "argon2": {"domain/accounts/passwords.py"},
    "openpyxl": {"domain/subscribers", "dispatcher/jobs"},
    "email_validator": {"domain/subscribers/addresses.py", "portal"},
    "Crypto": {"domain/senders/sealing.py", "dispatcher"},
}


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """Dotted names of everything a file imports, at any depth of its code."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_composition_root_imports_only_what_it_composes() -> None:
    assert imports_of(ROOT / "app.py") <= COMPOSITION_IMPORTS


@pytest.mark.parametrize("package", PACKAGES)
def test_package_files_hold_a_docstring_and_nothing_else(package: str) -> None:
    """Indirect imports count for the contracts, so an __init__ that re-exports would blur every floor."""
    loud = []
    for path in (ROOT / package).rglob("__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        if any(not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in body):
            loud.append(str(path.relative_to(ROOT)))
    assert loud == []


@pytest.mark.parametrize("library", ONLY_IN)
def test_library_stays_in_its_place(library: str) -> None:
    allowed = tuple(ONLY_IN[library])
    strays = [
        name
        for path in modules()
        if any(found.split(".")[0] == library for found in imports_of(path))
        and not (name := str(path.relative_to(ROOT))).startswith(allowed)
    ]
    assert strays == []


def test_only_the_senders_door_opens_sealed_secrets() -> None:
    openers = [
        str(path.relative_to(ROOT)) for path in modules() if "unseal" in path.read_text(encoding="utf-8")
    ]
    assert set(openers) <= {"domain/senders/sealing.py", "dispatcher/senders.py"}


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils.py", "util.py", "helpers.py", "manager.py", "common.py", "misc.py"}
    assert [str(path.relative_to(ROOT)) for path in modules() if path.name in drawers] == []


def test_sending_process_loads_no_web_no_renderer_and_no_foreign_driver() -> None:
    """What it loads it keeps in memory, in every process and for as long as the house runs."""
    script = (
        "import sys; from dispatcher.engine import lean; lean.leave_out('sqlite:///x.db', 'sqlite:///q.db')\n"
        "import dispatcher.worker, dispatcher.engine.desk\n"
        "print(*(name for name in sys.argv[1:] if sys.modules.get(name)))"
    )
    unwanted = [
        "flask",
        "jinja2",
        "lxml",
        "PIL",
        "babel",
        "psycopg",
        "redis",
        "tinycss2",
        "openpyxl",
        "dns.resolver",
        "Crypto",
        "cffi",
    ]
    done = subprocess.run(
        [sys.executable, "-c", script, *unwanted], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == []


def test_sending_process_takes_no_more_memory_than_it_keeps() -> None:
    """60 MB at most per deliver process: what an import takes for a moment counts too. Mails come on top of this."""
    script = (
        "from dispatcher.engine import lean; lean.leave_out('sqlite:///x.db', 'sqlite:///q.db')\n"
        "import dispatcher.worker\n"
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < 46 * 1024  # 38 measured
