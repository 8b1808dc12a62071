"""Examples whose prompt has another completion elsewhere; they stay, since several may be right."""

from __future__ import annotations

import pandas as pd

from retune.core.gates._columns import contradictory
from retune.core.gating import Expectation

APPLIES_TO = frozenset({"examples"})
REQUIRES = ("text", "context", "label")
UNIT = "share"


def column(frame: pd.DataFrame, _rules: None) -> pd.Series:
    """Return which examples have a twin with the same prompt and another completion."""
    return contradictory(frame)


def expectation(_rules: None) -> Expectation:
    """Expect none to."""
    return Expectation("expect_column_values_to_be_in_set", {"value_set": [False]})
