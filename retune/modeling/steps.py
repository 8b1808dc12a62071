"""Which rows make each step of the optimiser, and how a step is shared between processes and cut to fit into memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from torch.utils.data import Sampler

POOLED_STEPS = 50  # steps are cut from so many steps' worth of shuffled rows, sorted by length
Row = TypeVar("Row")


def grouped_by_length(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """Return the places of all rows in steps of like length; their order is a function of seed and epoch."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    order = torch.randperm(len(lengths), generator=generator).tolist()
    size = batch_size * POOLED_STEPS
    pools = [order[start : start + size] for start in range(0, len(order), size)]
    ordered = [place for pool in pools for place in sorted(pool, key=lambda place: -lengths[place])]
    whole = len(ordered) // batch_size * batch_size
    batches = [ordered[start : start + batch_size] for start in range(0, whole, batch_size)]
    shuffled = [batches[place] for place in torch.randperm(len(batches), generator=generator).tolist()]
    short = [ordered[whole:]] if whole < len(ordered) else []
    return shuffled + short  # the short step comes last, or it would shift the others


def shared(rows: Sequence[Row], process: int, processes: int) -> list[Row]:
    """Return the rows of a step that one of the processes computes: each in turn, so that all get like lengths."""
    return list(rows[process::processes])


def parts(rows: Sequence[Row], count: int) -> list[Sequence[Row]]:
    """Return the rows of a step in `count` parts of like size, or in as many as there are rows."""
    size = max(1, math.ceil(len(rows) / count))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


class Steps(Sampler[list[int]]):
    """Yields the places of the rows of each step of the epoch that is set; every epoch has as many steps."""

    def __init__(self, of_epoch: Callable[[int], list[list[int]]]) -> None:
        self.of_epoch, self.epoch = of_epoch, 0
        self.count = len(of_epoch(0))

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[list[int]]:
        yield from self.of_epoch(self.epoch)
