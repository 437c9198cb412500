"""D10: a real postgrey behind a real Postfix turns everybody away at first; all get their mail at the second."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dispatcher.engine.ties import tie_to_parent
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from tests.dispatcher.mailing import mailing, tenant
from tests.faults import postfix
from tests.faults.scene import FULL, deliver, due_now, finished, rested, states, until
from tests.journeys.houses import free_port

PEOPLE = 1000 if FULL else 30
DELAY_S = 2
POSTGREY = shutil.which("postgrey", path=postfix.SBIN)
# Open to everybody without TLS, and nobody is let through but by postgrey. Postfix ends a session after twenty errors
# and waits at each from the tenth on; that is another promise, tests/faults/test_servers.py.
MAIN_CF = """\
smtpd_tls_security_level = none
smtpd_sasl_auth_enable = no
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:{port}
smtpd_soft_error_limit = 100000
smtpd_hard_error_limit = 100000
"""


@pytest.mark.timeout(300)
@pytest.mark.skipif(POSTGREY is None, reason="postgrey is missing (apt-get install postgrey)")
def test_everybody_is_turned_away_once_and_gets_the_mail_at_the_second_attempt(
    database: str, tmp_path: Path
) -> None:
    if reason := postfix.missing():
        pytest.skip(reason)
    campaign = mailing(tenant(), PEOPLE)
    with (
        postgrey() as policy,
        postfix.running(MAIN_CF.format(port=policy)) as server,
        deliver(tmp_path / "house", database, server.port),
    ):
        until(rested(campaign))
        assert states(campaign) == {DeliveryState.DEFERRED: PEOPLE}
        assert all("Greylisted" in row.reply_text for row in Delivery.select())
        assert server.arrived() == []
        time.sleep(DELAY_S + 1)  # postgrey's clock; the house would wait for minutes
        due_now()
        until(finished(campaign))
        assert states(campaign) == {DeliveryState.SENT: PEOPLE}
        assert {row.attempt for row in Delivery.select()} == {2}
        people = {f"p{n}@x.example" for n in range(1, PEOPLE + 1)}
        assert sorted(mail.recipient for mail in server.arrived_for(people)) == sorted(people)


@contextmanager
def postgrey() -> Iterator[int]:
    """The port of a postgrey that knows nobody and lets nobody pass for having passed before."""
    folder, port, tests_pid = (
        Path(tempfile.mkdtemp(prefix="rundbrief-postgrey-")), free_port(), os.getpid()
    )  # fmt: skip
    assert POSTGREY
    process = subprocess.Popen(
        [POSTGREY, f"--inet=127.0.0.1:{port}", f"--dbdir={folder}", f"--delay={DELAY_S}",
         "--user=root", "--group=root",  # the process of another user would outlive killed tests
         "--auto-whitelist-clients=0", "--whitelist-clients=/dev/null", "--whitelist-recipients=/dev/null"],
        env={"PATH": postfix.SBIN}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, preexec_fn=lambda: tie_to_parent(tests_pid),
    )  # fmt: skip
    try:
        until(lambda: process.poll() is not None or _listens(port))
        assert process.poll() is None, "postgrey did not start"
        yield port
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
