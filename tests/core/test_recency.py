import pandas as pd

from retune.core.recency import recent

DATES = pd.Series(["2025-06-30T09:00:00+00:00", "2025-06-01", "2025-04-02", "2025-04-01", "2024-01-01", "", "soon"])


def test_rows_within_the_days_of_the_newest_are_recent_and_undated_ones_are_not() -> None:
    chosen, since = recent(DATES, 89, 1)
    assert chosen.tolist() == [True, True, True, False, False, False, False]
    assert since == "2025-04-02"


def test_too_few_recent_rows_no_dates_or_no_limit_take_all() -> None:
    for dates, days, least in ((DATES, 90, 5), (pd.Series(["", ""]), 90, 1), (DATES, 0, 1)):
        chosen, since = recent(dates, days, least)
        assert chosen.all()
        assert since == ""
    assert recent(DATES, 90, 4)[1] == "2025-04-01"
