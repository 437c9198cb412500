"""Three verifiers that know nothing of each other (dkimpy, OpenDKIM, mailauth) agree about our signatures (M7)."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import dkim
import pytest

from dispatcher.message.dkim import OVER_SIGNED, SIGNED, Signed
from tests import node
from tests.dispatcher.test_dkim import AT, KINDS, pair, signer
from tests.faults.scene import FULL
from tests.letters import letters

MAILS = 1000 if FULL else 36
OPENDKIM = shutil.which("opendkim", path="/usr/sbin:/usr/bin")
KEYS = {
    f"s-{kind}._domainkey.nord.example": f"v=DKIM1; k={kind}; p={pair(algorithm)[1].decode()}"
    for algorithm, kind in KINDS.items()
}
VALID = {"s-rsa": True, "s-ed25519": True}
INVALID = {"s-rsa": False, "s-ed25519": False}
# what OpenDKIM would write above the mail: a line per signature, in the order of the mails
SAYS = re.compile(r"hname='Authentication-Results' hvalue='(.*?)'$", re.DOTALL | re.MULTILINE)
EACH = re.compile(r"dkim=(\w+) .*?header\.s=([\w-]+)")
Said = dict[str, dict[str, bool]]


def by_dkimpy(folder: Path) -> Said:
    return {path.name: _by_dkimpy(path.read_bytes()) for path in folder.glob("*.eml")}


def _by_dkimpy(mail: bytes) -> dict[str, bool]:
    def record(name: bytes, timeout: int = 5) -> bytes:
        return KEYS[name.decode().rstrip(".")].encode()

    found = {}
    for index, field in enumerate(
        re.findall(rb"^DKIM-Signature:.*?\bs=([\w-]+);", mail, re.DOTALL | re.MULTILINE)
    ):
        try:
            found[field.decode()] = bool(dkim.DKIM(mail).verify(index, dnsfunc=record))
        except dkim.ValidationError:
            found[field.decode()] = False
    return found


def by_opendkim(folder: Path) -> Said:
    """OpenDKIM reads mails and keys from files in its test mode; it listens nowhere and asks no name server."""
    (folder / "keys").write_text("".join(f"{name} {record}\n" for name, record in KEYS.items()))
    (folder / "conf").write_text("Mode v\nSyslog no\nTestPublicKeys keys\n")
    names = sorted(path.name for path in folder.glob("*.eml"))
    assert OPENDKIM
    ran = subprocess.run(
        [OPENDKIM, "-x", "conf", "-v", "-v", "-t", ",".join(names)], cwd=folder, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, errors="replace", timeout=200, check=True,
    )  # fmt: skip
    said = SAYS.findall(ran.stdout)
    assert len(said) == len(names), "OpenDKIM left mails out"
    return {
        name: {s: r == "pass" for r, s in EACH.findall(text)} for name, text in zip(names, said, strict=True)
    }


def by_mailauth(folder: Path) -> Said:
    (folder / "keys.json").write_text(json.dumps(KEYS))
    return node.answer(Path(__file__).with_name("signatures.mjs"), folder)


VERIFIERS = [
    by_dkimpy,
    by_mailauth,
    pytest.param(
        by_opendkim,
        marks=pytest.mark.skipif(OPENDKIM is None, reason="OpenDKIM is missing (apt-get install opendkim)"),
    ),
]


def mails() -> list[bytes]:
    made = [Signed(compiled, signer(*KINDS), AT).render(person) for _, compiled, person in letters(MAILS)]
    assert len(set(made)) == MAILS
    return made


def write(folder: Path, made: list[bytes]) -> list[str]:
    for number, mail in enumerate(made):
        (folder / f"{number:05}.eml").write_bytes(mail)
    return [f"{number:05}.eml" for number in range(len(made))]


@pytest.mark.parametrize("verifier", VERIFIERS)
def test_every_mail_verifies_with_both_keys(verifier: Callable[[Path], Said], tmp_path: Path) -> None:
    names = write(tmp_path, mails())
    assert verifier(tmp_path) == dict.fromkeys(names, VALID)


@pytest.mark.parametrize("verifier", VERIFIERS)
def test_no_mail_verifies_after_a_signed_field_was_changed(
    verifier: Callable[[Path], Said], tmp_path: Path
) -> None:
    """In every mail one field has another value or stands there twice; over all mails each signed one is met."""
    changed, met = [], set()
    for number, mail in enumerate(mails()):
        ways = list(alterations(mail))
        what, altered = ways[number % len(ways)]
        changed.append(altered)
        met.add(what)
    first = max(mails()[:6], key=lambda mail: len(list(alterations(mail))))
    for what, altered in alterations(first):
        changed.append(altered)
        met.add(what)
    assert {name for name, _ in met} >= set(SIGNED) - {b"content-transfer-encoding"}
    names = write(tmp_path, changed)
    found = verifier(tmp_path)
    assert {name: found[name] for name in names if any(found[name].values())} == {}
    assert all(said == INVALID for said in found.values()), "a verifier did not look at all signatures"


def alterations(mail: bytes) -> Iterator[tuple[tuple[bytes, str], bytes]]:
    """(field, what was done to it) and the mail altered so: a value gets a letter, a field a double above it."""
    head = mail[: mail.index(b"\r\n\r\n") + 2]
    for name in SIGNED:
        found = re.search(rb"^%s: " % name, head, re.IGNORECASE | re.MULTILINE)
        if found:
            yield (name, "changed"), mail[: found.end()] + b"x" + mail[found.end() :]
        if name in OVER_SIGNED:
            yield (name, "added"), name + b": x@else.example\r\n" + mail
