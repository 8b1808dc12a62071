"""How sure the champion is of its answers, against the test rows, which it never learnt from."""

from __future__ import annotations

import pandas as pd

from retune.core.drift.aspects import _measuring
from retune.core.drift.finding import Finding
from retune.core.params.monitor import MonitorParams

COLUMNS = ("confidence",)
TEST, MEASURE = "Kolmogorov-Smirnov, by permutation", "distance above chance"
HELD_OUT = True  # on its training rows a model is surer than on any others


def compare(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> Finding:
    """Compare how sure the answers are."""
    return _measuring.numbers(reference, window, "confidence", "", params)
