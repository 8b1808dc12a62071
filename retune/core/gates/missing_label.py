"""Examples without a label."""

from __future__ import annotations

import pandas as pd

from retune.core.gates._columns import filled
from retune.core.gating import Expectation

APPLIES_TO = frozenset({"examples"})
REQUIRES = ("label",)
UNIT = "share"


def column(frame: pd.DataFrame, _rules: None) -> pd.Series:
    """Return the label of each example, null where there is none."""
    return frame["label"].where(filled(frame["label"]))


def expectation(_rules: None) -> Expectation:
    """Expect every example to have a label."""
    return Expectation("expect_column_values_to_not_be_null", {}, row_level=True)


def detail(_cell: object, _rules: None) -> str:
    """Return why a row fell."""
    return "no label"
