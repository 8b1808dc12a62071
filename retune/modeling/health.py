"""How a training goes, read from its log: which evaluation is the best, whether it learns by heart, whether it flees.

A log is what transformers keeps: lines with `step` and `loss` of a training step, or `validation_*` of an evaluation.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence
from typing import Any

Line = dict[str, Any]
RISES = 3  # evaluations in a row in which validation loss rose while training loss fell: learning by heart
WINDOW = 20  # steps whose median loss stands for a stretch: one hard batch is no divergence
FLED = 3.0  # times the lowest loss of a stretch so far


def evaluations_since_best(log: Sequence[Line], select_by: str) -> int:
    """Return how many evaluations came after the best one; of equals, the lower loss, then the earlier is the best."""
    ranks = [_rank(line, select_by) for line in log if "validation_loss" in line]
    return len(ranks) - 1 - ranks.index(max(ranks)) if ranks else 0


def _rank(line: Line, select_by: str) -> tuple[float, float]:
    """Return what is to be large."""
    loss = -float(line["validation_loss"])
    return (loss if select_by == "loss" else float(line[f"validation_{select_by}"]), loss)


def overfitting_since(log: Sequence[Line]) -> int | None:
    """Return the step after which validation loss rose RISES times in a row while training loss fell, None if never."""
    turning, rises = 0, 0
    before: tuple[float, float] | None = None
    for step, training, validation in _stretches(log):
        if before is not None and training < before[0] and validation > before[1]:
            rises += 1
            if rises == RISES:
                return turning
        else:
            turning, rises = step, 0
        before = (training, validation)
    return None


def _stretches(log: Sequence[Line]) -> list[tuple[int, float, float]]:
    """Return each evaluation's step, the mean training loss since the one before, and its validation loss."""
    found, losses = [], []
    for line in log:
        if "loss" in line:
            losses.append(float(line["loss"]))
        elif "validation_loss" in line and losses:
            found.append((int(line["step"]), statistics.fmean(losses), float(line["validation_loss"])))
            losses = []
    return found


class Divergence:
    """Watches training losses for a flight: a stretch far above the lowest one and above the first one too."""

    def __init__(self) -> None:
        self.recent: deque[float] = deque(maxlen=WINDOW)
        self.levels: list[float] = []  # the first one and the lowest one

    def sees(self, loss: float) -> bool:
        """Take the loss of one step; return whether the training diverges."""
        self.recent.append(loss)
        if len(self.recent) < WINDOW:
            return False
        level = statistics.median(self.recent)
        first, lowest = self.levels or (level, level)
        self.levels = [first, min(lowest, level)]
        return level > FLED * lowest and level > first

    def told(self) -> str:
        """Say how far the loss fled."""
        return f"{statistics.median(self.recent):.3g} over {WINDOW} steps, {self.levels[1]:.3g} at its lowest"
