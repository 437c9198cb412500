"""The process tree of `rundbrief up`: starts the parts, restarts what died, leaves nothing behind."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FrameType

from dispatcher.engine.ties import tie_to_parent

RESTART_DELAYS_S = (0.5, 1, 2, 4, 8, 15, 30)  # taste: quick after a hiccup, calm when it keeps dying
STEADY_AFTER_S = 60  # a part that ran this long starts again with the shortest delay
GRACE_S = 20  # `deliver` hands over what it holds and settles it; far below systemd's 90 s
CONFIG_EXIT = 78  # EX_CONFIG of sysexits.h: restarting would not help


@dataclass
class Part:
    """One child process of the tree and what is known about it."""

    name: str
    command: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    failures: int = 0
    next_start_at: float = field(default_factory=time.monotonic)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Keeps parts running until a signal arrives. Use from the main thread only: it owns the signals."""

    def __init__(self, environment: Mapping[str, str], say: Callable[[str], None] = print) -> None:
        self.parts: list[Part] = []
        self._environment = {**os.environ, **environment}
        self._say = say
        self._wake_fd, self._signal_fd = os.pipe()
        os.set_blocking(self._wake_fd, False)
        os.set_blocking(self._signal_fd, False)
        self._stopping = False
        self._impatient = False
        self._exit_code = 0

    def add(self, name: str, command: list[str]) -> Part:
        """Start `command` as the part `name`; it is restarted whenever it ends by itself."""
        part = Part(name, command)
        self.parts.append(part)
        self._start(part)
        return part

    def catch_signals(self) -> None:
        """Ctrl-C and TERM stop the tree, a second one at once; a dying child is noticed at once."""
        signal.signal(signal.SIGINT, self._on_stop)
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler it would not wake us
        signal.set_wakeup_fd(self._signal_fd, warn_on_full_buffer=False)

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> bool:
        """Mind the parts until `ready()`; False after `timeout_s` or when stopping."""
        deadline = time.monotonic() + timeout_s
        while not self._stopping and time.monotonic() < deadline:
            if ready():
                return True
            self._mind(0.05)
        return False

    def run(self) -> int:
        """Mind the parts until told to stop, then stop them all; the exit code for the shell."""
        try:
            while not self._stopping:
                self._mind(1.0)
        finally:
            self.stop()
        return self._exit_code

    def stop(self) -> None:
        """TERM to every part, in reverse order of start; KILL to what is left after GRACE_S. Idempotent."""
        self._stopping = True
        running = [part for part in reversed(self.parts) if part.is_running]
        for part in running:
            self._signal(part, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while (
            any(part.is_running for part in running) and time.monotonic() < deadline and not self._impatient
        ):
            self._pause(0.05)
        for part in self.parts:
            self._signal(part, signal.SIGKILL)  # also what a part has left in its process group
            if part.process is not None:
                part.process.wait()

    def _mind(self, timeout_s: float) -> None:
        self._pause(timeout_s)
        if not self._stopping:
            for part in self.parts:
                self._look_after(part)

    def _pause(self, timeout_s: float) -> None:
        """Sleep until a signal arrives; an Event would deadlock when set by a handler of the waiting thread."""
        if select.select([self._wake_fd], [], [], timeout_s)[0]:
            os.read(self._wake_fd, 4096)

    def _look_after(self, part: Part) -> None:
        now = time.monotonic()
        if part.process is not None and part.process.poll() is not None:
            self._note_death(part, part.process.returncode, now)
        if part.process is None and now >= part.next_start_at and not self._stopping:
            self._start(part)

    def _note_death(self, part: Part, code: int, now: float) -> None:
        self._signal(part, signal.SIGKILL)  # grandchildren would keep its port or its journal
        part.process = None
        if code == CONFIG_EXIT:
            self._exit_code, self._stopping = CONFIG_EXIT, True
            return
        if now - part.started_at > STEADY_AFTER_S:
            part.failures = 0
        delay_s = RESTART_DELAYS_S[min(part.failures, len(RESTART_DELAYS_S) - 1)]
        part.failures += 1
        part.next_start_at = now + delay_s
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        self._say(f"{part.name} {how}; it starts again in {delay_s:g} s")

    def _start(self, part: Part) -> None:
        supervisor_pid = os.getpid()
        part.started_at = time.monotonic()
        part.process = subprocess.Popen(
            part.command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches us alone, and the whole group can be ended
            preexec_fn=lambda: tie_to_parent(supervisor_pid),
        )

    def _signal(self, part: Part, signum: int) -> None:
        if part.process is None:
            return
        try:
            os.killpg(part.process.pid, signum)
        except (ProcessLookupError, PermissionError):
            pass

    def _on_stop(self, signum: int, frame: FrameType | None) -> None:
        self._impatient = self._stopping
        self._stopping = True
