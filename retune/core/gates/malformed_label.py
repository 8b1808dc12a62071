"""Examples whose label is not what the task type's target asks for, or does not fit their text."""

from __future__ import annotations

import pandas as pd

from retune.core.gates._columns import filled
from retune.core.gating import Expectation

APPLIES_TO = frozenset({"examples"})
REQUIRES = ("label", "fault")
UNIT = "share"


def column(frame: pd.DataFrame, _rules: None) -> pd.Series:
    """Return why each label cannot be learnt, null where it can."""
    return frame["fault"].where(filled(frame["fault"]))


def expectation(_rules: None) -> Expectation:
    """Expect no fault."""
    return Expectation("expect_column_values_to_be_null", {}, row_level=True)


def detail(cell: str, _rules: None) -> str:
    """Return why a row fell."""
    return cell
