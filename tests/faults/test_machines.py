"""Several machines: each with a folder of its own, sharing PostgreSQL, Redis and the secrets of the first."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from dispatcher.engine.ties import tie_to_parent
from domain import tokens
from domain.accounts.models import User
from domain.audit.models import AuditEntry
from domain.ledger import marks
from domain.ledger.models import Delivery, DispatcherProcess
from domain.ledger.states import DeliveryState
from domain.senders import sealing
from domain.senders.models import Relay
from portal import settings
from tests.dispatcher.mailing import mailing, tenant
from tests.dispatcher.sinks import Sink
from tests.faults.scene import CONNECTIONS, PEOPLE, ROOT, finished, kill, promised, states, until
from tests.faults.test_storage import Gate, own_server, redis


def rundbrief(instance: Path, environ: dict[str, str], *command: str, said: str = "") -> str:
    """What a command prints, its complaint included."""
    done = subprocess.run(
        [sys.executable, "-m", "portal.cli", *command], cwd=ROOT, input=said, text=True, timeout=60,
        env={**os.environ, **environ, "INSTANCE": str(instance)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.stdout.strip()


@contextmanager
def machine(instance: Path, environ: dict[str, str]):
    """`rundbrief deliver` there."""
    tests_pid = os.getpid()
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.cli", "deliver"], cwd=ROOT, start_new_session=True,
        env={**os.environ, **environ, "INSTANCE": str(instance)},
        preexec_fn=lambda: tie_to_parent(tests_pid, signal.SIGKILL),
    )  # fmt: skip
    try:
        yield process
    finally:
        kill(process)


def test_f14_second_machine_joins_while_the_first_sends_and_goes_on_alone(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    with own_server() as url, redis(tmp_path) as (queue, _, _), Sink(gate := Gate(40)).running() as sink:
        environ = {
            "DATABASE_URL": url, "QUEUE_URL": queue, "DEMO": "0",
            "SMTP_URL": f"smtp://127.0.0.1:{sink.port}?connections={CONNECTIONS}",
        }  # fmt: skip
        secrets = rundbrief(first, environ, "secrets")
        tokens.configure(settings.load({"INSTANCE": str(first)}).secret_key)
        User.create(email="anna@nord.example", name="Anna")
        with machine(first, environ) as one:
            until(lambda: marks.any_known())
            campaign = mailing(tenant(), PEOPLE)
            until(lambda: len(sink.accepted) > 20)  # the others wait at the gate
            joined = rundbrief(second, environ, "join", said=secrets)
            assert "may send" in joined, joined
            with machine(second, environ) as other:
                until(
                    lambda: (
                        DispatcherProcess.select().where(DispatcherProcess.stopped_at.is_null()).count() == 2
                    )
                )
                number = DispatcherProcess.select().order_by(DispatcherProcess.id).get().id
                one.send_signal(signal.SIGTERM)
                # each connection holds a mail, and the next one's envelope behind it
                until(lambda: Delivery.select().where(Delivery.owner_id == number).count() <= 2 * CONNECTIONS)
                assert (
                    states(campaign).get(DeliveryState.SENT, 0) < PEOPLE
                )  # what it gave back is not out yet
                gate.opened.set()
                assert one.wait(60) == 0
                until(finished(campaign), 120)
                assert other.poll() is None
        promised(sink, PEOPLE)
        assert AuditEntry.select().where(AuditEntry.act == "machine.join").count() == 1


def test_wrong_secrets_folders_and_databases_are_refused(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    with own_server() as url:
        environ = {"DATABASE_URL": url, "QUEUE_URL": "redis://127.0.0.1:1/0", "DEMO": "0"}
        line = rundbrief(first, environ, "secrets")
        kept = (tmp_path / "first" / "secret.key").read_text()
        assert "is empty" in rundbrief(second, environ, "join", said=line)
        User.create(email="anna@nord.example", name="Anna")
        tokens.configure(settings.load({"INSTANCE": str(first)}).secret_key)
        Relay.create(name="Provider", host="mx.example", secret=sealing.seal("geheim", "relay"))
        other = rundbrief(tmp_path / "third", environ, "secrets")
        assert "not those of this database" in rundbrief(second, environ, "join", said=other)
        assert "whole line" in rundbrief(second, environ, "join", said=line[:-9])
        local = {**environ, "DATABASE_URL": "", "QUEUE_URL": ""}
        assert "PostgreSQL" in rundbrief(second, local, "join", said=line)
        (second / "journal").mkdir(exist_ok=True)
        assert "another installation" in rundbrief(second, environ, "join", said=line)
        assert (second / "secret.key").read_text() != kept
        (second / "journal").rmdir()
        assert "may send" in rundbrief(second, environ, "join", said=line)
        assert (second / "secret.key").read_text() == kept
        assert (second / "secret.key").stat().st_mode & 0o777 == 0o600
