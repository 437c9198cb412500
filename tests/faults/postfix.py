"""A real Postfix of the test's own: submission with STARTTLS and AUTH on a loopback port, whose every mail stays here.

Configuration, queue, users and mails lie in one folder; the Postfix of the machine is neither read nor started. No mail
leaves: whatever the domain, it ends in one Maildir. Needs root, because Postfix does.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dispatcher.engine.ties import tie_to_parent
from tests.certificates import made
from tests.journeys.houses import free_port

SBIN = "/usr/sbin:/usr/bin:/sbin:/bin"  # where Debian puts the commands; not on everybody's PATH
DAEMONS = Path("/usr/lib/postfix/sbin")
USER = "rundbrief"
PASSWORD = "Postfix & wir: 100 %"
REALM = "postfix.example"
STARTED_WITHIN_S = 30
# What Postfix writes above a mail that it takes and delivers
RECEIVED = re.compile(rb"^Received: from .*?\bwith (\w+) id (\w+)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Arrived:
    """A mail in the Maildir: envelope, how it came (RFC 3848, "ESMTPSA"), Postfix's queue id, bytes as sent."""

    sender: str
    recipient: str
    protocol: str
    queue_id: str
    raw: bytes


@dataclass(frozen=True)
class Postfix:
    """A running Postfix: its port, the certificate to trust for the host "localhost", and its folder."""

    port: int
    certificate: Path
    folder: Path

    def arrived(self) -> list[Arrived]:
        """All mails that are delivered by now."""
        return [_read(path.read_bytes()) for path in sorted((self.folder / "mails/box/new").glob("*"))]

    def arrived_for(self, recipients: set[str], seconds: float = 60) -> list[Arrived]:
        """All mails to these, once each has one: Postfix delivers after it has answered."""
        end = time.monotonic() + seconds
        while True:
            found = [mail for mail in self.arrived() if mail.recipient in recipients]
            missing = recipients - {mail.recipient for mail in found}
            if not missing:
                return found
            assert time.monotonic() < end, f"nothing for {missing}:\n{self.log()}"
            time.sleep(0.05)

    def log(self) -> str:
        """The end of what it has written down, for messages of failures."""
        path = self.folder / "postfix.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""


def missing() -> str:
    """Why a Postfix cannot run here; "" if it can."""
    if os.geteuid() != 0:
        return "A real Postfix needs root"
    for package, command in (("postfix", "postfix"), ("sasl2-bin", "saslpasswd2")):
        if shutil.which(command, path=SBIN) is None:
            return f"{command} is missing (apt-get install {package})"
    if not list(Path("/usr/lib").glob("*/sasl2/libplain.so")):
        return "SASL's PLAIN is missing (apt-get install libsasl2-modules)"
    return ""


@contextmanager
def running(besides: str = "") -> Iterator[Postfix]:
    """A Postfix that listens; skips the test where none can run. `besides`: lines of main.cf in place of ours."""
    if reason := missing():
        pytest.skip(reason)
    # Not pytest's folder: Postfix's processes are other users, who may not look into it.
    folder = Path(tempfile.mkdtemp(prefix="rundbrief-postfix-"))
    folder.chmod(0o755)
    try:
        postfix = Postfix(free_port(), _furnished(folder), folder)
        _configure(postfix, besides)
        with _started(postfix):
            yield postfix
    finally:
        shutil.rmtree(folder)


def _furnished(folder: Path) -> Path:
    """Folders, user and certificate; the certificate's path."""
    for name in ("config/sasl", "queue", "data", "mails"):
        (folder / name).mkdir(parents=True)
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mails", "nobody")
    certificate, _key = made(folder)
    users = folder / "users"
    _command("saslpasswd2", "-p", "-c", "-f", str(users), "-u", REALM, USER, input=PASSWORD.encode())
    shutil.chown(users, "postfix")
    (folder / "config/sasl/smtpd.conf").write_text(  # where Debian's Postfix looks
        f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {users}\nmech_list: PLAIN LOGIN\n"
    )
    return certificate


def _configure(postfix: Postfix, besides: str) -> None:
    folder = postfix.folder
    ours = f"""\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {DAEMONS}
command_directory = /usr/sbin
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = {REALM}
mydestination =
mynetworks =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4

smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {postfix.certificate}
smtpd_tls_key_file = {postfix.certificate.with_suffix(".key")}
smtpd_tls_received_header = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = {REALM}
smtpd_sasl_authenticated_header = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject

# Every domain is ours and everybody has the same box: no mail leaves the machine.
default_transport = virtual
virtual_mailbox_base = {folder}/mails
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 1
"""
    # A name may stand there once only: Postfix's logger would warn itself of each second one until it hangs.
    named = {line.partition(" =")[0] for line in besides.splitlines()}
    kept = [line for line in ours.splitlines() if line.partition(" =")[0] not in named]
    (folder / "config/main.cf").write_text("\n".join(kept) + "\n" + besides)
    services = [
        f"127.0.0.1:{postfix.port} inet n - n - - smtpd",
        "pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr",
        "tlsmgr unix - - n 1000? 1 tlsmgr", "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce",
        "verify unix - - n - 1 verify", "flush unix n - n 1000? 0 flush", "proxymap unix - - n - - proxymap",
        "error unix - - n - - error", "retry unix - - n - - error", "virtual unix - n n - - virtual",
        "anvil unix - - n - 1 anvil", "postlog unix-dgram n - n - 1 postlogd",
    ]  # fmt: skip
    (folder / "config/master.cf").write_text("\n".join(services) + "\n")


@contextmanager
def _started(postfix: Postfix) -> Iterator[None]:
    """Its master as a child tied to the tests, so that nothing is left even if they are killed."""
    config, tests_pid = str(postfix.folder / "config"), os.getpid()
    _command("postfix", "-c", config, "check")  # also makes the folders of the queue
    process = subprocess.Popen(
        [str(DAEMONS / "master"), "-c", config, "-d"],  # -d: stays in the foreground
        env={"PATH": SBIN}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, preexec_fn=lambda: tie_to_parent(tests_pid),
    )  # fmt: skip
    try:
        _wait(postfix, process)
        yield
    finally:
        if process.poll() is None:
            _command("postfix", "-c", config, "stop")
        process.wait(STARTED_WITHIN_S)


def _wait(postfix: Postfix, process: "subprocess.Popen[bytes]") -> None:
    """Until it greets."""
    end = time.monotonic() + STARTED_WITHIN_S
    while not _greets(postfix.port):
        if process.poll() is not None or time.monotonic() > end:
            pytest.fail(f"Postfix did not start:\n{postfix.log()}")
        time.sleep(0.05)


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            return line.recv(4).startswith(b"220 ")
    except OSError:
        return False


def _read(raw: bytes) -> Arrived:
    """Take off what Postfix has put above the mail: Return-Path, X-Original-To, Delivered-To, one Received."""
    found = RECEIVED.search(raw)
    assert found, raw[:500]
    above, ours = raw[: found.start()], raw[found.end() :]
    ours = re.split(rb"\n(?=\S)", ours, maxsplit=1)[1]  # the rest of Received is folded
    head = dict(line.split(b": ", 1) for line in above.splitlines())
    return Arrived(
        head[b"Return-Path"].decode().strip("<>"), head[b"X-Original-To"].decode(),
        found[1].decode(), found[2].decode(), ours.replace(b"\n", b"\r\n"),
    )  # fmt: skip


def _command(*command: str, input: bytes | None = None) -> None:
    found = shutil.which(command[0], path=SBIN)
    assert found
    subprocess.run([found, *command[1:]], input=input, check=True, capture_output=True, timeout=60)
