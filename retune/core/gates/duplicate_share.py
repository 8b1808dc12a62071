"""Documents that repeat another one, exactly or nearly; they stay, and the split keeps them on one side."""

from __future__ import annotations

import pandas as pd

from retune.core.gating import Expectation

APPLIES_TO = frozenset({"documents"})
REQUIRES = ("cluster_id",)
UNIT = "share"


def column(frame: pd.DataFrame, _rules: None) -> pd.Series:
    """Return the cluster of each document that is not the first of it, null for the others."""
    return frame["cluster_id"].where(frame["cluster_id"].duplicated())


def expectation(_rules: None) -> Expectation:
    """Expect no document to repeat another one."""
    return Expectation("expect_column_values_to_be_null", {})
