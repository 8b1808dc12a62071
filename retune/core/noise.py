"""How far two trainings lie apart that differ by their seed alone, and whether a gain is more than that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

Verdict = Literal["shown", "refuted", "uncertain"]
FEWEST_SEEDS = 2  # beside the candidate's own: three trainings are the fewest whose spread says anything


@dataclass(frozen=True)
class Seeds:
    """The score on the same test rows of trainings that differ from the candidate's by their seed alone."""

    test_sha256: str
    rows: int
    scores: tuple[float, ...]  # of the task type's primary metric: accuracy of labels
    further: bool = False  # more of them were trained because the first left the gain uncertain


@dataclass(frozen=True)
class Spread:
    """The mean gain of a recipe over the champion, and how far chance alone may have moved it."""

    gain: float
    floor: float
    trainings: int

    def against(self, least: float) -> Verdict:
        """Tell whether the gain lies above `least`, below it, or so near that seeds alone explain the difference."""
        low, high = (round(self.gain + side * self.floor, 9) for side in (-1, 1))  # a tie of one row is a tie
        if low > least:
            return "shown"
        return "refuted" if high < least else "uncertain"


def spread(scores: Sequence[float], champion: float, rows: int) -> Spread:
    """Return the mean gain of a recipe's trainings over the champion's score, with its 95 % prediction bound.

    The champion is one training of its own recipe, so what is bounded is the distance of one training from the mean of
    `m` others: t(0.975, m - 1) * s * sqrt(1 + 1/m), with their standard deviation s; it is no less than one row of all.
    Raises ValueError for fewer than three trainings.
    """
    trainings = len(scores)
    if trainings <= FEWEST_SEEDS:
        raise ValueError(f"{trainings} trainings say nothing of the noise between seeds")
    from scipy.stats import t

    quantile = float(t.ppf(0.975, trainings - 1))
    moved = quantile * stdev(scores) * math.sqrt(1 + 1 / trainings)
    return Spread(fmean(scores) - champion, max(moved, 1 / rows), trainings)
