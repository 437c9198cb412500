"""Three parsers that know nothing of each other (Python's email, ripmime, postal-mime) find the same tree, names and
bytes in our mails, and those that went in (M4)."""

import base64
import email
import email.policy
import re
import shutil
import subprocess
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from dispatcher.message.compose import MessageSource
from tests import node
from tests.faults.scene import FULL
from tests.letters import letters

MAILS = 1000 if FULL else 36
RIPMIME = shutil.which("ripmime")
DECODED = re.compile(r"^Decoding content-type=(\S+) filename=(.*)$", re.MULTILINE)
Tree = list[Any]  # [type, [trees of the parts]]
File = tuple[str, str, bytes]  # type, name, content


@pytest.fixture
def mails(tmp_path: Path) -> dict[str, tuple[MessageSource, EmailMessage]]:
    """File → what the mail was made of, the mail as Python reads it."""
    found = {}
    for number, (source, compiled, person) in enumerate(letters(MAILS)):
        raw = compiled.render(person)
        (tmp_path / f"{number:05}.eml").write_bytes(raw)
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        found[f"{number:05}.eml"] = (source, message)
    return found


def test_python_finds_what_went_in(mails: dict[str, tuple[MessageSource, EmailMessage]]) -> None:
    for source, message in mails.values():
        assert tree(message) == expected(source)
        assert files(message) == went_in(source)
        assert not [defect for part in message.walk() for defect in part.defects]


def test_postal_mime_finds_the_same(
    mails: dict[str, tuple[MessageSource, EmailMessage]], tmp_path: Path
) -> None:
    answers = node.answer(Path(__file__).with_name("structure.mjs"), tmp_path)
    assert set(answers) == set(mails)
    for name, (source, message) in mails.items():
        said = answers[name]
        assert said["tree"] == expected(source), name
        found = [(kind, named, base64.b64decode(content)) for kind, named, _, content in said["files"]]
        assert found == went_in(source), name
        assert [cid for _, _, cid, _ in said["files"] if cid] == [f"<{one[0]}>" for one in source.inline]
        for subtype in ("plain", "html"):
            assert lines(base64.b64decode(said[subtype])) == lines(text(message, subtype)), name


@pytest.mark.skipif(RIPMIME is None, reason="ripmime is missing (apt-get install ripmime)")
def test_ripmime_finds_the_same(mails: dict[str, tuple[MessageSource, EmailMessage]], tmp_path: Path) -> None:
    """ripmime flattens: the kind of the whole and its leaves in their order, not what lies in what."""
    shifted: list[Path] = []
    for name, (source, message) in mails.items():
        whole, texts, found = by_ripmime(tmp_path / name, tmp_path / "out")
        if [lines(one) for _, _, one in texts] != both(message):
            # ripmime loses a soft line break that lies across the edge of its buffer: move the mail by some bytes
            shifted.append(tmp_path / name)
            shifted[-1].write_bytes(b"X-Shift: x\r\n" + shifted[-1].read_bytes())
            whole, texts, found = by_ripmime(shifted[-1], tmp_path / "out")
        assert [whole, *(kind for kind, _, _ in texts + found)] == [
            message.get_content_type(), *leaves(expected(source)),
        ], name  # fmt: skip
        assert found == went_in(source), name
        assert [lines(one) for _, _, one in texts] == both(message), name
    assert len(shifted) <= MAILS / 100


def by_ripmime(mail: Path, folder: Path) -> tuple[str, list[File], list[File]]:
    """The type of the whole, text and HTML, and everything else, as ripmime unpacks them into a fresh folder."""
    shutil.rmtree(folder, ignore_errors=True)
    assert RIPMIME
    ran = subprocess.run(
        [RIPMIME, "-i", str(mail), "-d", str(folder), "-v", "--verbose-contenttype", "--no-uudecode"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    parts = [(kind, name.replace("%%", "%")) for kind, name in DECODED.findall(ran.stdout)]
    read = [(kind, name, (folder / name).read_bytes()) for kind, name in parts]
    assert {name for _, name in parts} == {path.name for path in folder.iterdir()}
    return parts[0][0], read[1:3], read[3:]


def expected(source: MessageSource) -> Tree:
    html: Tree = ["text/html", []]
    if source.inline:
        html = ["multipart/related", [html, *([kind, []] for _, _, kind, _ in source.inline)]]
    whole: Tree = ["multipart/alternative", [["text/plain", []], html]]
    if source.attachments:
        whole = ["multipart/mixed", [whole, *([kind, []] for _, kind, _ in source.attachments)]]
    return whole


def went_in(source: MessageSource) -> list[File]:
    """Pictures and files in the order in which they stand in the mail."""
    pictures = [(kind, name, content) for _, name, kind, content in source.inline]
    return pictures + [(kind, name, content) for name, kind, content in source.attachments]


def tree(part: EmailMessage) -> Tree:
    return [part.get_content_type(), [tree(one) for one in part.iter_parts()] if part.is_multipart() else []]


def leaves(found: Tree) -> list[str]:
    return [leaf for one in found[1] for leaf in leaves(one)] if found[1] else [found[0]]


def files(message: EmailMessage) -> list[File]:
    return [
        (part.get_content_type(), part.get_filename() or "", part.get_payload(decode=True))
        for part in message.walk()
        if part.get_content_disposition()
    ]  # fmt: skip


def text(message: EmailMessage, subtype: str) -> bytes:
    body = message.get_body((subtype,))
    assert body is not None
    return body.get_payload(decode=True)


def both(message: EmailMessage) -> list[list[bytes]]:
    """The lines of text and HTML."""
    return [lines(text(message, subtype)) for subtype in ("plain", "html")]


def lines(content: bytes) -> list[bytes]:
    """Without the line ends: a parser may write its own, and ripmime counts the one that belongs to the boundary."""
    return content.replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n")
