"""Examples with the same text as another one and a different label."""

from __future__ import annotations

import pandas as pd

from retune.core.gates._columns import contradictory
from retune.core.gating import Expectation

APPLIES_TO = frozenset({"examples"})
REQUIRES = ("text", "context", "label")
UNIT = "share"


def column(frame: pd.DataFrame, _rules: None) -> pd.Series:
    """Return which examples contradict another one."""
    return contradictory(frame)


def expectation(_rules: None) -> Expectation:
    """Expect none to."""
    return Expectation("expect_column_values_to_be_in_set", {"value_set": [False]}, row_level=True)


def detail(_cell: object, _rules: None) -> str:
    """Return why a row fell."""
    return "the same text has another label elsewhere"
