"""Which rows of a window are compared: copies count once, and there is a limit."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from retune.core.drift.rows import chosen, counted_once
from retune.core.params.monitor import MonitorParams


@dataclass(frozen=True)
class Sample:
    """The rows of a window that are compared, and how many of the others were copies or too many."""

    rows: pd.DataFrame
    copies: int
    left_out: int


def sample(window: pd.DataFrame, params: MonitorParams) -> Sample:
    """Return each different text of a window [document_id, text_sha256, words, ...] once, at most `window_rows`."""
    once = counted_once(window, params.near_duplicate)
    compared = chosen(once, params.window_rows, params.seed)
    return Sample(compared, len(window) - len(once), len(once) - len(compared))
