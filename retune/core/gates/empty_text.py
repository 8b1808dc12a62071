"""Rows without text: empty, or nothing but white space."""

from __future__ import annotations

import pandas as pd

from retune.core.gates._columns import characters
from retune.core.gating import Expectation

APPLIES_TO = frozenset({"documents", "examples"})
REQUIRES = ("text",)
UNIT = "share"


def column(frame: pd.DataFrame, _rules: None) -> pd.Series:
    """Return the length of each text, null where there is none."""
    return characters(frame)


def expectation(_rules: None) -> Expectation:
    """Expect every row to have text."""
    return Expectation("expect_column_values_to_not_be_null", {}, row_level=True)


def detail(_cell: object, _rules: None) -> str:
    """Return why a row fell."""
    return "no text"
