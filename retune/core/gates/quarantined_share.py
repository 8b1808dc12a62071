"""Files that could not be read and lie in quarantine."""

from __future__ import annotations

import pandas as pd

from retune.core.gating import Expectation

APPLIES_TO = frozenset({"files"})
REQUIRES = ("status",)
UNIT = "share"


def column(frame: pd.DataFrame, _rules: None) -> pd.Series:
    """Return what became of each file."""
    return frame["status"]


def expectation(_rules: None) -> Expectation:
    """Expect every file to have been accepted."""
    return Expectation("expect_column_values_to_be_in_set", {"value_set": ["accepted"]})
