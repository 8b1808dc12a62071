"""Examples of a label that has too few of them to be learned and tested."""

from __future__ import annotations

import pandas as pd
from pydantic import PositiveInt

from retune.core.gates._columns import label_sizes
from retune.core.gating import Expectation
from retune.core.params.base import Settings

APPLIES_TO = frozenset({"examples"})
REQUIRES = ("text", "context", "label", "side")
UNIT = "share"


class Rules(Settings):
    """How many examples a label needs."""

    minimum_examples: PositiveInt
    """Labels with fewer usable examples than this are rejected."""


def column(frame: pd.DataFrame, _rules: Rules) -> pd.Series:
    """Return how many usable examples share each row's label."""
    return label_sizes(frame)


def expectation(rules: Rules) -> Expectation:
    """Expect at least so many examples of each label."""
    return Expectation("expect_column_values_to_be_between", {"min_value": rules.minimum_examples}, row_level=True)


def detail(cell: float, rules: Rules) -> str:
    """Return why a row fell."""
    return f"{cell:.0f} usable examples of this label, the minimum is {rules.minimum_examples}"
