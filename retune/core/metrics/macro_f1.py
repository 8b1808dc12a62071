"""Macro-F1: the mean over all labels of the harmonic mean of precision and recall; rare labels count in full."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from retune.core import confusion
from retune.core.statistics import percentile_bounds


def score(labels: Sequence[str], predictions: Sequence[str]) -> float:
    """Return the macro-F1; 0 for no rows."""
    return float(confusion.f1_per_label(confusion.confusion(labels, predictions)).mean()) if labels else 0.0


def bounds(labels: Sequence[str], predictions: Sequence[str], seed: int) -> tuple[float, float]:
    """Return the 95 % percentile interval of a bootstrap over the rows; [0, 1] for no rows."""
    if not labels:
        return 0.0, 1.0
    draws = confusion.resampled_f1(confusion.confusion(labels, predictions), seed)
    return percentile_bounds(np.nanmean(draws, axis=1))
