"""The share of all labelled examples that the largest label has."""

from __future__ import annotations

import pandas as pd

from retune.core.gates._columns import filled
from retune.core.gating import Expectation

APPLIES_TO = frozenset({"examples"})
REQUIRES = ("label",)
UNIT = "share"


def column(frame: pd.DataFrame, _rules: None) -> pd.Series:
    """Return which share of the labelled examples has each row's label."""
    return frame["label"].map(frame.loc[filled(frame["label"]), "label"].value_counts(normalize=True)).astype("float64")


def expectation(_rules: None) -> Expectation:
    """Expect a share, and observe the largest; the limit says how large it may be."""
    return Expectation("expect_column_max_to_be_between", {"min_value": 0, "max_value": 1})
