"""Documents in which a second scan still finds personal data after redaction."""

from __future__ import annotations

import pandas as pd

from retune.core.gates._scan import SCANNED, found_in
from retune.core.gating import Expectation

APPLIES_TO = frozenset({"documents"})
REQUIRES = SCANNED
UNIT = "count"


def column(frame: pd.DataFrame, _rules: None) -> pd.Series:
    """Return the types and numbers of what was found in each document, null where nothing was."""
    return found_in(frame, secrets=False)


def expectation(_rules: None) -> Expectation:
    """Expect nothing to be found."""
    return Expectation("expect_column_values_to_be_null", {}, row_level=True)


def detail(cell: str, _rules: None) -> str:
    """Return why a row fell: types and numbers, never the value."""
    return f"still found after redaction: {cell}"
