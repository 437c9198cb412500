"""Runs a program of ours over a stranger's file, alone: no environment, no import of the house, little memory.

A broken or hostile file may kill that process, never the portal; what comes back is read as lengths and bytes.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from threading import BoundedSemaphore
from types import ModuleType

WAIT_S = 60
AT_ONCE = BoundedSemaphore(2)  # per process: many uploads wait instead of filling the memory
FAILED = 3  # exit code of what cannot be read, also for one that was killed


class Failure(Exception):
    """The program ended with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Part:
    """One piece of the answer."""

    name: str
    mime: str
    width: int
    height: int
    data: bytes


def run(program: ModuleType, data: bytes, *arguments: str) -> list[Part]:
    """The parts that `program` makes of `data`; raises Failure. A program writes one line of JSON with
    [name, mime, width, height, length] of every part, and then the parts."""
    with AT_ONCE:
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(program.__file__), *arguments],
                input=data, capture_output=True, timeout=WAIT_S, env={}, cwd="/", check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Failure(FAILED) from None
    if done.returncode:
        raise Failure(done.returncode)
    line, _newline, rest = done.stdout.partition(b"\n")
    found: list[Part] = []
    for name, mime, width, height, size in json.loads(line):
        found.append(Part(str(name), str(mime), int(width), int(height), rest[:size]))
        rest = rest[size:]
    return found
