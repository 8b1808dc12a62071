"""Documents whose access label keeps them out of training."""

from __future__ import annotations

import pandas as pd
from pydantic import Field

from retune.core.gating import Expectation
from retune.core.params.base import Settings

APPLIES_TO = frozenset({"documents"})
REQUIRES = ("access_label",)
UNIT = "share"


class Rules(Settings):
    """Whose documents may be trained on."""

    allowed: tuple[str, ...] = Field(min_length=1)
    """Access labels that may be trained on; documents with any other are rejected."""


def column(frame: pd.DataFrame, _rules: Rules) -> pd.Series:
    """Return the access label of each document."""
    return frame["access_label"].fillna("")


def expectation(rules: Rules) -> Expectation:
    """Expect one of the allowed labels."""
    return Expectation("expect_column_values_to_be_in_set", {"value_set": sorted(rules.allowed)}, row_level=True)


def detail(cell: str, rules: Rules) -> str:
    """Return why a row fell."""
    return f"access label {cell or 'missing'}, allowed are {', '.join(sorted(rules.allowed))}"
