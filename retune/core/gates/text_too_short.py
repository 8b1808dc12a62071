"""Rows with a text shorter than the minimum."""

from __future__ import annotations

import pandas as pd
from pydantic import PositiveInt

from retune.core.gates._columns import characters
from retune.core.gating import Expectation
from retune.core.params.base import Settings

APPLIES_TO = frozenset({"documents", "examples"})
REQUIRES = ("text",)
UNIT = "share"


class Rules(Settings):
    """What counts as too short."""

    minimum_characters: PositiveInt
    """Rows whose text is shorter than this many characters are rejected."""


def column(frame: pd.DataFrame, _rules: Rules) -> pd.Series:
    """Return the length of each text; an empty one is another gate's."""
    return characters(frame)


def expectation(rules: Rules) -> Expectation:
    """Expect at least so many characters."""
    return Expectation("expect_column_values_to_be_between", {"min_value": rules.minimum_characters}, row_level=True)


def detail(cell: float, rules: Rules) -> str:
    """Return why a row fell."""
    return f"{cell:.0f} characters, the minimum is {rules.minimum_characters}"
