"""Examples that repeat the text and the label of another one; the first stays."""

from __future__ import annotations

import pandas as pd

from retune.core.gates._columns import repeated
from retune.core.gating import Expectation

APPLIES_TO = frozenset({"examples"})
REQUIRES = ("text", "context", "label", "side")
UNIT = "share"


def column(frame: pd.DataFrame, _rules: None) -> pd.Series:
    """Return which examples repeat another one."""
    return repeated(frame)


def expectation(_rules: None) -> Expectation:
    """Expect none to."""
    return Expectation("expect_column_values_to_be_in_set", {"value_set": [False]}, row_level=True)


def detail(_cell: object, _rules: None) -> str:
    """Return why a row fell."""
    return "repeats the text and the label of another example"
