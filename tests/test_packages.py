"""No compiled Rust among what Rundbrief runs on: the binaries themselves are read, not only their labels."""

import re
from collections.abc import Iterator
from email.parser import Parser
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
RUST_GENERATORS = ("maturin", "setuptools-rust")
# What rustc leaves in a binary; bcrypt 5 and pipdeptree 4 would pass a check of the generator alone.
RUSTC_MARKERS = (b"/rustc/", b".cargo/registry", b"__rust_alloc")
BINARY_STARTS = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ")


def locked_names() -> list[str]:
    return re.findall(r"^([a-zA-Z0-9._-]+)==", LOCK.read_text(), flags=re.M)


def installed(name: str) -> Distribution | None:
    """The distribution, or None: the lock also names what only other platforms and Pythons need."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def is_binary(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4).startswith(BINARY_STARTS)


def rust_in(found: Distribution) -> Iterator[str]:
    """A sentence for every trace of Rust in a distribution."""
    generator = Parser().parsestr(found.read_text("WHEEL") or "").get("Generator", "")
    if generator.startswith(RUST_GENERATORS):
        yield f"{found.name} was built by {generator}"
    for entry in found.files or []:
        path = Path(str(found.locate_file(entry)))
        if path.suffix != ".py" and path.is_file() and is_binary(path):
            content = path.read_bytes()
            if any(marker in content for marker in RUSTC_MARKERS):
                yield f"{found.name} has Rust in {entry}"


def test_no_runtime_distribution_carries_rust() -> None:
    names = locked_names()
    present = [found for name in names if (found := installed(name))]
    assert len(present) > 0.8 * len(names), "install requirements.lock first"
    assert [trace for found in present for trace in rust_in(found)] == []


def test_the_scan_finds_rust_where_there_is_some() -> None:
    checker = installed("ruff")
    if checker is None:
        pytest.skip("needs the lint group, whose ruff is written in Rust")
    assert list(rust_in(checker))


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.lock")), ids=lambda path: path.name)
def test_lock_files_pin_hashes_and_name_no_host(path: Path) -> None:
    text = path.read_text()
    pins = re.findall(r"^[a-zA-Z0-9._-]+==.*", text, flags=re.M)
    hashed = re.findall(r"^[a-zA-Z0-9._-]+==.*\\\n    --hash=sha256:", text, flags=re.M)
    assert len(pins) == len(hashed) > 0
    assert not re.search(r"https?://|--index|--find-links|--extra-index", text)


def test_front_end_lock_names_no_registry() -> None:
    text = (ROOT / "assets" / "package-lock.json").read_text()
    assert '"resolved"' not in text
    assert text.count('"integrity"') >= 6
