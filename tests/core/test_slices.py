import json
from typing import Any

import pandas as pd
import pytest

from retune.core import slices
from retune.core.params.evaluate import SliceParams
from retune.core.scoring import Asked, Given

PARAMS = SliceParams(minimum_rows=2, length_characters=(5, 10), age_days=(30, 365))
ROWS = pd.DataFrame({"text": ["five5", "six666", "x" * 11, "", "ten1234567"], "label": ["a", "a", "b", "b", "c"]})
DATES = ["2025-12-31", "2025-12-01", "2025-06-01", "2020-01-01", ""]
KEPT = [json.dumps({"created": day, "department": "it", "source": "desk/north"}) for day in DATES]


def scores(rows: pd.DataFrame, right: list[bool], documents: list[str] | None = None) -> dict[str, Any]:
    labels, predictions = ["yes"] * len(right), ["yes" if hit else "no" for hit in right]
    return slices.report(
        rows, Asked("label", [""] * len(right), labels, documents), Given(predictions), "accuracy", 2, 1
    )


def found(kept: list[str] = KEPT) -> pd.DataFrame:
    return slices.columns(ROWS, kept, PARAMS)


def test_a_row_lies_in_the_range_of_its_length() -> None:
    assert found()["length"].tolist() == [
        "up to 5 characters",
        "6 to 10 characters",
        "over 10 characters",
        "up to 5 characters",
        "6 to 10 characters",
    ]


def test_age_is_counted_from_the_newest_row_and_unknown_where_no_date_is() -> None:
    assert found()["age"].tolist() == ["up to 30 days", "up to 30 days", "31 to 365 days", "over 365 days", "(none)"]


def test_every_column_of_the_lineage_is_a_slice_and_none_is_lost_to_ours() -> None:
    assert set(found().columns) == {"label", "length", "age", "department", "source"}
    assert found()["source"].tolist() == ["desk/north"] * 5
    other = found([json.dumps({"label": "urgent", "channel": ""})] * 5)
    assert other["metadata.label"].tolist() == ["urgent"] * 5
    assert other["label"].tolist() == ROWS["label"].tolist()
    assert other["channel"].tolist() == ["(none)"] * 5


def test_values_with_too_few_rows_are_counted_together_so_that_no_row_is_lost() -> None:
    scored = scores(found(), [True, False, True, True, False])
    assert scored["label"]["a"]["rows"] == 2
    assert scored["label"]["a"]["accuracy"]["value"] == 0.5
    assert scored["label"]["a"]["accuracy"]["low"] < 0.5 < scored["label"]["a"]["accuracy"]["high"]
    assert scored["label"][slices.FEW]["rows"] == 1
    assert all(sum(one["rows"] for one in column.values()) == 5 for column in scored.values())


def test_rows_of_one_document_widen_the_interval() -> None:
    rows = pd.DataFrame({"label": ["a"] * 40})
    right = [place % 4 != 0 for place in range(40)]
    alone = scores(rows, right)["label"]["a"]["accuracy"]
    alike = scores(rows, sorted(right), [f"d{place // 10}" for place in range(40)])["label"]["a"]
    assert alike["accuracy"]["value"] == alone["value"]
    assert alike["accuracy"]["high"] - alike["accuracy"]["low"] > alone["high"] - alone["low"]


def test_rows_without_one_label_are_sorted_by_everything_else_and_scored_by_their_own_metric() -> None:
    columns = slices.columns(ROWS, KEPT, PARAMS, by_label=False)
    assert "label" not in columns
    asked, given = Asked("text", ROWS["text"].tolist(), ["the gate"] * 5), Given(["the gate", *["the"] * 4])
    scored = slices.report(columns, asked, given, "rougeL", 2, 1)["length"]["up to 5 characters"]
    assert (scored["rows"], scored["rougeL"]["value"]) == (2, pytest.approx((1 + 2 / 3) / 2))


@pytest.mark.parametrize("bounds", [(10, 5), (5, 5), ()])
def test_bounds_that_leave_no_range_are_refused(bounds: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="length_characters"):
        SliceParams(minimum_rows=1, length_characters=bounds, age_days=(1,))
