"""Documents in which a second scan still finds keys, tokens or passwords after redaction."""

from __future__ import annotations

import pandas as pd

from retune.core.gates._scan import SCANNED, SECRETS, critical, found_in
from retune.core.gating import Expectation
from retune.core.params.base import Settings

APPLIES_TO = frozenset({"documents"})
REQUIRES = SCANNED
UNIT = "count"


class Rules(Settings):
    """What of it may stay."""

    keep: tuple[str, ...]
    """Values that may stay, as in the settings of redact."""


def column(frame: pd.DataFrame, rules: Rules) -> pd.Series:
    """Return the types and numbers of what was found in each document, null where nothing was."""
    recognizers = [one for one in critical(("GB",), rules.keep) if one.entity_type in SECRETS]
    return found_in(frame, recognizers, rules.keep)


def expectation(_rules: Rules) -> Expectation:
    """Expect nothing to be found."""
    return Expectation("expect_column_values_to_be_null", {}, row_level=True)


def detail(cell: str, _rules: Rules) -> str:
    """Return why a row fell: types and numbers, never the value."""
    return f"still found after redaction: {cell}"
