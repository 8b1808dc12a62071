"""The shares of the champion's answers, against its answers on the test rows, which it never learnt from."""

from __future__ import annotations

import pandas as pd

from retune.core.drift.aspects import _measuring
from retune.core.drift.finding import Finding
from retune.core.params.monitor import MonitorParams

COLUMNS = ("prediction",)
TEST, MEASURE = "chi-square, by permutation", "PSI above chance"
HELD_OUT = True  # on its training rows a model answers as on no others


def compare(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> Finding:
    """Compare how often each answer is given."""
    return _measuring.kinds(reference, window, "prediction", params)
