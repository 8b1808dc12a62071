"""The shares of the departments that the documents come from."""

from __future__ import annotations

import pandas as pd

from retune.core.drift.aspects import _measuring
from retune.core.drift.finding import Finding
from retune.core.params.monitor import MonitorParams

COLUMNS = ("department",)
TEST, MEASURE = "chi-square, by permutation", "PSI above chance"


def compare(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> Finding:
    """Compare how many documents each department contributes."""
    return _measuring.kinds(reference, window, "department", params)
