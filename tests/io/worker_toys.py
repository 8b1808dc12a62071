"""Functions that a worker calls in the tests; each does what its name says."""

import os
import signal
import sys
import time
from typing import Any


def double(item: int) -> int:
    print("a library that talks", item)
    return item * 2


def misbehave(item: str) -> str:
    acts: dict[str, Any] = {
        "hang": lambda: time.sleep(600),
        "loop": lambda: sum(1 for _ in iter(int, 1)),
        "exit": lambda: os._exit(0),
        "quit": lambda: sys.exit(3),
        "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
        "memory": lambda: bytearray(8 * 2**30),
        "raise": lambda: int("x"),
        "wait": lambda: time.sleep(0.3),
    }
    if item in acts:
        acts[item]()
    return f"done {item}"


def process_id(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def child(item: int) -> int:
    return os.fork() or process_id(600)


def modules(item: str) -> list[str]:
    return sorted(sys.modules)
