"""The share of right answers where the label is known, against the test rows; only fewer right answers are drift."""

from __future__ import annotations

import pandas as pd

from retune.core.drift import statistics
from retune.core.drift.finding import Cell, Finding
from retune.core.params.monitor import MonitorParams

COLUMNS = ("correct",)
TEST, MEASURE = "Fisher, exact, one-sided", "points lost"
HELD_OUT = True
LEAST_SHARE = 0.5  # labels arrive later; where few have come, they are corrections of errors, and no fair choice


def compare(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> Finding:  # noqa: ARG001
    """Compare how many answers are right; the documents are those that were answered wrongly."""
    old, new = reference["correct"].astype("float64"), window["correct"].astype("float64")
    p = statistics.fewer_right((int(old.sum()), len(old)), (int(new.sum()), len(new)))
    wrong = tuple(window.loc[new == 0, "document_id"])
    cells = (Cell("wrong", 1 - old.mean(), 1 - new.mean(), wrong), Cell("right", old.mean(), new.mean()))
    return Finding(p, float(old.mean() - new.mean()), cells)
