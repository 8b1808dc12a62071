"""Which rows are recent, by the dates of the documents that they come from."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd


def recent(dates: pd.Series, days: int, minimum_rows: int) -> tuple[pd.Series, str]:
    """Return which rows are dated within `days` of the newest, and that first day; all rows and "" where too few are.

    `dates` are ISO 8601, empty where unknown; a row without a date is not recent. `days` of 0 takes all rows.
    """
    known = pd.to_datetime(dates.astype("string").str[:10], format="%Y-%m-%d", errors="coerce")
    everything = pd.Series(data=True, index=dates.index)
    if days == 0 or known.isna().all():
        return everything, ""
    first = known.max() - timedelta(days=days)
    chosen = known >= first
    if chosen.sum() < minimum_rows:
        return everything, ""
    return chosen, first.date().isoformat()
