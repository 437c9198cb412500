"""The journal: what a successor learns from a dead process."""

import os
import subprocess
import sys

import pytest

from dispatcher import journal
from dispatcher.journal import Journal, OwnerAlive, Unreadable, fold
from dispatcher.transport.replies import FAILED, SENT, Outcome


def test_successor_reads_intents_and_outcomes(tmp_path):
    path = tmp_path / "a.journal"
    written = Journal(path, 7)
    for delivery_id in (1, 2, 3):
        written.intent(delivery_id, 1)
    written.outcome(1, 1, Outcome(SENT, 250, "2.0.0", "queued as\nX"))
    written.outcome(2, 1, Outcome(FAILED, 550, "", "no"))
    written.write()
    with pytest.raises(OwnerAlive):
        fold(path)
    os.close(written._file)
    folded = fold(path)
    assert folded.process_id == 7 and folded.boot_id == journal.boot_id()
    assert folded.intents == {(3, 1)}
    assert folded.outcomes == {
        (1, 1): Outcome(SENT, 250, "2.0.0", "queued as X"),
        (2, 1): Outcome(FAILED, 550, "", "no"),
    }
    folded.release(delete=True)
    assert not path.exists()


def test_lines_not_yet_written_do_not_count(tmp_path):
    written = Journal(tmp_path / "a.journal", 7)
    written.intent(1, 1)
    os.close(written._file)
    folded = fold(tmp_path / "a.journal")
    assert not folded.intents
    folded.release(delete=False)


@pytest.mark.parametrize("torn", [b"O 1 1 3 250 - ok", b"O 1 1\n", b"garbage\n", b"I x y\n"])
def test_torn_or_damaged_line_says_nothing(tmp_path, torn):
    written = Journal(tmp_path / "a.journal", 7)
    written.intent(1, 1)
    written.write()
    os.write(written._file, torn)
    os.close(written._file)
    folded = fold(tmp_path / "a.journal")
    assert folded.intents == {(1, 1)} and not folded.outcomes
    folded.release(delete=False)


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\0\0\0", None])
def test_journal_that_cannot_be_read_is_told_apart_from_an_empty_one(tmp_path, content):
    path = tmp_path / "a.journal"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Unreadable):
        fold(path)


def test_rotation_keeps_what_the_database_does_not_have(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "ROTATE_BYTES", 2000)
    path = tmp_path / "a.journal"
    written = Journal(path, 7)
    for delivery_id in range(500):
        written.intent(delivery_id, 1)
        written.outcome(delivery_id, 1, Outcome(SENT, 250, "2.0.0", "ok"))
        written.write()
        if delivery_id > 10:
            written.settled([(delivery_id - 10, 1)])
        with pytest.raises(OwnerAlive):
            fold(path)
    assert path.stat().st_size < 4000
    os.close(written._file)
    folded = fold(path)
    assert {(i, 1) for i in range(490, 500)} <= set(folded.outcomes)
    folded.release(delete=False)


def test_lock_dies_with_its_process(tmp_path):
    path = tmp_path / "a.journal"
    script = (
        "import os, signal, sys, pathlib; from dispatcher.journal import Journal\n"
        "j = Journal(pathlib.Path(sys.argv[1]), 1); j.intent(5, 2); j.write(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False, cwd=os.getcwd())
    folded = fold(path)
    assert folded.intents == {(5, 2)}
    folded.release(delete=True)


def test_graceful_close_leaves_no_file(tmp_path):
    written = Journal(tmp_path / "a.journal", 7)
    written.intent(1, 1)
    written.outcome(1, 1, Outcome(SENT))
    written.write()
    written.settled([(1, 1)])
    written.close()
    assert not (tmp_path / "a.journal").exists()
