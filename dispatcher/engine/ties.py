"""DOOR: what ties a process to the one that started it, so that nobody outlives the house."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def tie_to_parent(parent_pid: int, signum: int = signal.SIGTERM) -> None:
    """Let the kernel send `signum` to this process when its parent dies, even by kill -9. Linux only."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
    if os.getppid() != parent_pid:  # it died before the call
        os.kill(os.getpid(), signum)
