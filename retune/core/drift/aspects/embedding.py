"""The meaning of the texts as a whole, by their vectors, whatever topics they fall into."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from retune.core.drift import statistics
from retune.core.drift.aspects import _measuring
from retune.core.drift.finding import Finding
from retune.core.params.monitor import MonitorParams

COLUMNS = ("vector",)
TEST, MEASURE = "maximum mean discrepancy, by permutation", "MMD"


def compare(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> Finding:
    """Compare the vectors of the texts under a Gaussian kernel."""
    vectors = np.stack(_measuring.pooled(reference, window)["vector"].to_list()).astype(np.float32)
    found = statistics.mmd_squared(_measuring.masks_for(reference, window, params), statistics.gaussian_kernel(vectors))
    return Finding(statistics.p_value(found), math.sqrt(max(float(found[0]), 0.0)))
