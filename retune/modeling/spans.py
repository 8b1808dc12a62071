"""The best answers in windows of a passage: a begin, an end not before it, both in the passage, none too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]


@dataclass(frozen=True)
class Found:
    """The best answer of a row: its window and tokens there, its odds against none, and its share of all answers."""

    window: int
    begin: int
    end: int
    odds: float  # log of how much likelier it is than that its window has no answer; -inf where the passage is empty
    share: float
    no_answer: float  # the share of there being none


def best(windows: Sequence[Floats], longest: int) -> Found:
    """Return the best answer over a row's windows [1 + tokens, 2]; each has no answer first, then its passage.

    Windows are compared by the odds against there being no answer in them: the log-probabilities of a window say which
    of its own tokens is likelier, and nothing of other windows. Shares are of all answers in all windows and of none.
    """
    scored = [_odds(window.astype(np.float64), longest) for window in windows]
    highest = max((float(odds.max()) for odds in scored if odds.size), default=-np.inf)
    top = max(highest, 0.0)  # none has the odds 0
    total = np.exp(-top) + sum(float(np.exp(odds - top).sum()) for odds in scored)
    none = float(np.exp(-top) / total)
    if highest == -np.inf:
        return Found(0, 0, 0, -np.inf, 0.0, none)
    place = next(number for number, odds in enumerate(scored) if odds.size and odds.max() == highest)
    begin, length = np.unravel_index(int(scored[place].argmax()), scored[place].shape)
    return Found(place, int(begin), int(begin + length), highest, float(np.exp(highest - top) / total), none)


def _odds(window: Floats, longest: int) -> Floats:
    """Return the odds of each answer [begin, tokens behind it]; -inf behind the end of the passage."""
    begins, ends = window[1:, 0] - window[0, 0], window[1:, 1] - window[0, 1]
    if not len(begins):
        return np.zeros((0, 0))
    reach = min(longest, len(begins))
    behind = sliding_window_view(np.pad(ends, (0, reach - 1), constant_values=-np.inf), reach)
    odds: Floats = begins[:, None] + behind
    return odds


def threshold(odds: Floats, gained: Floats, no_answer: Floats) -> float:
    """Return the odds below which none is to be said, by validation rows [rows]: what they score with and without one.

    The best of all thresholds in the mean; of equals, the one that is nearest to even odds. -inf where no row gains
    from saying none.
    """
    if not (no_answer > gained).any():
        return -np.inf
    order = np.argsort(odds)
    steps = np.concatenate([[gained.sum()], gained.sum() + np.cumsum((no_answer - gained)[order])])
    cuts = np.concatenate([odds[order][:1] - 1, (odds[order][:-1] + odds[order][1:]) / 2, odds[order][-1:] + 1])
    whole = np.concatenate([[True], odds[order][:-1] < odds[order][1:], [True]])  # equals cannot be parted
    fitting = np.flatnonzero(whole & (steps >= steps[whole].max() - 1e-9))
    return float(cuts[fitting[np.abs(cuts[fitting]).argmin()]])
