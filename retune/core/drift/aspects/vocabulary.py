"""The words of the texts, the most frequent ones of reference and window together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from retune.core.drift import statistics
from retune.core.drift.aspects import _measuring, _words
from retune.core.drift.finding import Cell, Finding, NotMeasuredError
from retune.core.params.monitor import MonitorParams

COLUMNS = ("words",)
TEST, MEASURE = "sum of squared z over words, by permutation", "PSI above chance"


def compare(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> Finding:
    """Compare in how many texts each word occurs."""
    words, occurs = _words.occurrence(_measuring.pooled(reference, window)["words"], params.words)
    if not words:
        raise NotMeasuredError("no word occurs in enough texts")
    masks = _measuring.masks_for(reference, window, params)
    inside = (masks @ occurs).astype(np.float64)
    everywhere = occurs.sum(axis=0, dtype=np.float64)
    share = everywhere / len(occurs)
    spread = np.maximum(share * (1 - share), 1 / len(occurs) ** 2)  # a word of every text varies in none
    statistic = ((inside - len(window) * share) ** 2 / spread).sum(axis=1)
    effect = statistics.above_chance(_measuring.index_of(np.stack([everywhere - inside, inside], axis=1)))
    return Finding(statistics.p_value(statistic), effect, _cells(words, occurs, reference, window))


def _cells(
    words: list[str], occurs: statistics.Masks, reference: pd.DataFrame, window: pd.DataFrame
) -> tuple[Cell, ...]:
    """Return in which share of the texts each word occurs, the largest change first."""
    documents = window["document_id"].to_numpy()
    old, own = occurs[: len(reference)], occurs[len(reference) :]
    cells = [
        Cell(word, float(old[:, place].mean()), float(own[:, place].mean()), tuple(documents[own[:, place] > 0]))
        for place, word in enumerate(words)
    ]
    return _measuring.largest_first(cells)
