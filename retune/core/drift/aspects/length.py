"""The length of the texts, in characters."""

from __future__ import annotations

import pandas as pd

from retune.core.drift.aspects import _measuring
from retune.core.drift.finding import Finding
from retune.core.params.monitor import MonitorParams

COLUMNS = ("characters",)
TEST, MEASURE = "Kolmogorov-Smirnov, by permutation", "distance above chance"


def compare(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> Finding:
    """Compare how long the texts are."""
    return _measuring.numbers(reference, window, "characters", "characters", params)
