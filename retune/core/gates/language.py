"""Documents in a language that the corpus is not meant to hold."""

from __future__ import annotations

import pandas as pd
from pydantic import Field

from retune.core.gating import Expectation
from retune.core.params.base import Settings

APPLIES_TO = frozenset({"documents"})
REQUIRES = ("language",)
UNIT = "share"


class Rules(Settings):
    """Which languages are welcome."""

    allowed: tuple[str, ...] = Field(min_length=1)
    """ISO 639-1 codes of the languages that stay; `und` is a text whose language cannot be told."""


def column(frame: pd.DataFrame, _rules: Rules) -> pd.Series:
    """Return the language of each document."""
    return frame["language"].fillna("")


def expectation(rules: Rules) -> Expectation:
    """Expect one of the allowed languages."""
    return Expectation("expect_column_values_to_be_in_set", {"value_set": sorted(rules.allowed)}, row_level=True)


def detail(cell: str, rules: Rules) -> str:
    """Return why a row fell."""
    return f"language {cell or 'unknown'}, allowed are {', '.join(sorted(rules.allowed))}"
