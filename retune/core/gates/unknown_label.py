"""Examples whose label is not in the declared list."""

from __future__ import annotations

import pandas as pd

from retune.core.gates._columns import filled
from retune.core.gating import Expectation
from retune.core.params.base import Settings

APPLIES_TO = frozenset({"examples"})
REQUIRES = ("label",)
UNIT = "share"


class Rules(Settings):
    """Which labels there are."""

    declared: tuple[str, ...]
    """All labels that examples may have; an empty list takes the labels as they come."""


def column(frame: pd.DataFrame, rules: Rules) -> pd.Series:
    """Return the label of each example that is not declared, null for the others and for missing ones."""
    label = frame["label"].fillna("").astype(str)
    welcome = ~filled(label) | label.isin(rules.declared) | (not rules.declared)
    return label.where(~welcome)


def expectation(_rules: Rules) -> Expectation:
    """Expect declared labels only."""
    return Expectation("expect_column_values_to_be_null", {}, row_level=True)


def detail(_cell: str, rules: Rules) -> str:
    """Return why a row fell; not the label, since a cell that strayed may hold anything."""
    return f"not one of the {len(rules.declared)} declared labels"
