"""The shares of the languages."""

from __future__ import annotations

import pandas as pd

from retune.core.drift.aspects import _measuring
from retune.core.drift.finding import Finding
from retune.core.params.monitor import MonitorParams

COLUMNS = ("language",)
TEST, MEASURE = "chi-square, by permutation", "PSI above chance"


def compare(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> Finding:
    """Compare how often each language occurs."""
    return _measuring.kinds(reference, window, "language", params)
