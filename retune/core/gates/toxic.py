"""Documents with insults, slurs or threats from the lexicon."""

from __future__ import annotations

import pandas as pd
from pydantic import PositiveInt

from retune.core.gates._lexicon import LEXICON, lexicon_pattern
from retune.core.gating import Expectation
from retune.core.hashing import normalised
from retune.core.params.base import Settings

APPLIES_TO = frozenset({"documents"})
REQUIRES = ("text",)
UNIT = "share"


class Rules(Settings):
    """When a document counts as toxic."""

    minimum_hits: PositiveInt
    """Documents that use so many words of the lexicon, or more, are rejected."""
    further_words: tuple[str, ...]
    """Words and phrases of your own that count besides the lexicon, in any case."""


def column(frame: pd.DataFrame, rules: Rules) -> pd.Series:
    """Return how often each text uses words of the lexicon."""
    pattern = lexicon_pattern((*LEXICON, *rules.further_words))
    return frame["text"].fillna("").astype(str).map(lambda text: len(pattern.findall(normalised(text))))


def expectation(rules: Rules) -> Expectation:
    """Expect fewer than so many."""
    return Expectation("expect_column_values_to_be_between", {"max_value": rules.minimum_hits - 1}, row_level=True)


def detail(cell: int, _rules: Rules) -> str:
    """Return why a row fell; which words they were, it does not repeat."""
    return f"{cell} words or phrases of the lexicon"
