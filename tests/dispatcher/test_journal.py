"""The journal: what a successor learns from a dead process."""

import errno
import os
import subprocess
import sys

import pytest

from dispatcher.engine import journal
from dispatcher.engine.journal import Journal, OwnerAlive, Unreadable, fold
from dispatcher.transport.replies import FAILED, SENT, Outcome


def die(written):
    """What the system does when the owner is killed: files and memory go, the lock with them."""
    written._map.close()
    os.close(written._file)


def test_full_disk_is_told_before_anything_is_sent(tmp_path):
    """A new file gets its space when it is made; without space nothing may leave, and nothing is forgotten."""
    script = (
        "import pathlib, resource, sys; from dispatcher.engine import journal\n"
        "journal.SIZE = 200; j = journal.Journal(pathlib.Path(sys.argv[1]), 1)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))\n"
        "for n in range(20): j.intent(n, 1)\n"
        "try: j.write()\n"
        "except OSError as error: print(error.errno)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "j.write(); import os; os._exit(0)"
    )
    path = tmp_path / "a.journal"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) == errno.EFBIG
    folded = fold(path)
    assert folded.intents == {(n, 1) for n in range(20)}
    folded.release(delete=False)


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
    die(written)
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
    die(written)
    folded = fold(tmp_path / "a.journal")
    assert not folded.intents
    folded.release(delete=False)


@pytest.mark.parametrize(
    "torn", [b"O 1 1 3 250 - ok", b"O 1 1\n", b"O 1 1 3 2\0\0 - ok\n", b"garbage\n", b"I x y\n"]
)
def test_torn_or_damaged_line_says_nothing(tmp_path, torn):
    written = Journal(tmp_path / "a.journal", 7)
    written.intent(1, 1)
    written.write()
    written._map[written._end : written._end + len(torn)] = torn
    die(written)
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
    monkeypatch.setattr(journal, "SIZE", 2000)
    path = tmp_path / "a.journal"
    written = Journal(path, 7)
    for delivery_id in range(500):
        written.intent(delivery_id, 1)
        written.outcome(delivery_id, 1, Outcome(SENT, 250, "2.0.0", "ok"))
        written.write()
        if delivery_id > 10:
            written.settled([delivery_id - 10])
        with pytest.raises(OwnerAlive):
            fold(path)
    assert path.stat().st_size < 4000
    die(written)
    folded = fold(path)
    assert {(i, 1) for i in range(490, 500)} <= set(folded.outcomes)
    folded.release(delete=False)


def test_lock_dies_with_its_process(tmp_path):
    path = tmp_path / "a.journal"
    script = (
        "import os, signal, sys, pathlib; from dispatcher.engine.journal import Journal\n"
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
    written.settled([1])
    written.close()
    assert not (tmp_path / "a.journal").exists()
