"""Several processes that train one model, as torchrun starts them: who they are, and what they agree upon.

Each computes its share of every step's rows; gradients are averaged by torch (accelerate wraps the module). All answer
the validation rows, since equal weights give equal answers; the first process alone writes, and its clock counts.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

Found = TypeVar("Found")
PATIENCE = timedelta(days=1)  # that one waits for another, such as for a warm-up; torchrun ends all where one dies


def process() -> int:
    """Return the number of this process, from 0."""
    return int(os.environ.get("RANK", "0"))


def processes() -> int:
    """Return how many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Say whether this process is the one that writes."""
    return process() == 0


def join() -> None:
    """Meet the other processes, each on its own GPU where there are any; one process alone meets nobody."""
    if processes() == 1:
        return
    import torch
    from accelerate import PartialState

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)


def leave() -> None:
    """Say goodbye to the others, after all is done."""
    if processes() > 1:
        from torch import distributed

        distributed.destroy_process_group()


def wait() -> None:
    """Wait until all processes are here."""
    if processes() > 1:
        from torch import distributed

        distributed.barrier()


def of_first(value: Callable[[], Found]) -> Found:
    """Return what the first process finds; the others wait for it and do nothing of their own."""
    if processes() == 1:
        return value()
    from torch import distributed

    found = [value() if is_first() else None]
    distributed.broadcast_object_list(found, src=0)
    return found[0]  # type: ignore[return-value] # the others' None is replaced


def first_then_others(work: Callable[[], None]) -> None:
    """Do work that leaves something behind: once in the first process, then in the others, which find it."""
    if is_first():
        work()
    wait()
    if not is_first():
        work()
