"""The shares of the labels, where they are known; a new label shows here."""

from __future__ import annotations

import pandas as pd

from retune.core.drift.aspects import _measuring
from retune.core.drift.finding import Finding
from retune.core.params.monitor import MonitorParams

COLUMNS = ("label",)
TEST, MEASURE = "chi-square, by permutation", "PSI above chance"


def compare(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> Finding:
    """Compare how often each label occurs."""
    return _measuring.kinds(reference, window, "label", params)
