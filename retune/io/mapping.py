"""One function over many items in several processes: results in the order of the items, whatever ended first."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from retune.io.worker import Outcome, Worker


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_files(
    function: Callable[[Any], Any], items: Iterable[Any], *, workers: int, timeout_seconds: float, memory_mb: int
) -> list[Outcome]:
    """Return one outcome per item, in their order; an item that hangs, crashes or eats memory costs only itself.

    The function must be importable by its name, and items and results must be values that JSON can hold. `workers` = 0
    means one per processor; `timeout_seconds` and `memory_mb` (address space) hold for each item. Raises RetuneError
    where no worker can start at all.
    """
    tasks = list(enumerate(items))
    outcomes: list[Outcome] = [Outcome()] * len(tasks)
    share, stop = _Shared(iter(tasks)), threading.Event()

    def run() -> None:
        with closing(Worker(function, timeout_seconds=timeout_seconds, memory_mb=memory_mb)) as worker:
            for index, item in share:
                outcomes[index] = worker.call(item)
                if stop.is_set():
                    return

    count = min(workers or processors(), len(tasks))
    with ThreadPoolExecutor(max(count, 1), thread_name_prefix="worker") as pool:
        try:
            for future in [pool.submit(run) for _ in range(count)]:
                future.result()
        finally:
            stop.set()
    return outcomes


class _Shared:
    """An iterator that several threads may draw from."""

    def __init__(self, items: Iterator[tuple[int, Any]]) -> None:
        self.items, self.lock = items, threading.Lock()

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        return self

    def __next__(self) -> tuple[int, Any]:
        with self.lock:
            return next(self.items)
