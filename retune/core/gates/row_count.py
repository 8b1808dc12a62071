"""The number of rows: an empty table passes most other checks."""

from __future__ import annotations

from retune.core.gating import Expectation

APPLIES_TO = frozenset({"documents", "examples"})
REQUIRES: tuple[str, ...] = ()
UNIT = "count"


def expectation(_rules: None) -> Expectation:
    """Expect any number of rows; the limit says how many are enough."""
    return Expectation("expect_table_row_count_to_be_between", {"min_value": 0})
