from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.api.types import is_numeric_dtype
from pydantic import ValidationError

from retune.core import parts
from retune.core.drift import compare as drift
from retune.core.drift.compare import ASPECTS
from retune.core.drift.finding import AspectResult, DriftReport
from retune.core.drift.sample import sample
from retune.core.params.monitor import MonitorParams
from tests.core.drift.toys import params, rows

PARAMS = params()
REFERENCE = rows(220, 1)
NAMES = parts.names(ASPECTS)


def compare(reference: pd.DataFrame, window: pd.DataFrame, settings: MonitorParams) -> DriftReport:
    return drift.compare(reference, sample(window, settings), settings)


def aspect(report: DriftReport, name: str) -> AspectResult:
    return next(one for one in report.aspects if one.name == name)


def states(report: DriftReport) -> dict[str, str]:
    return {one.name: one.state for one in report.aspects}


@pytest.mark.slow
@pytest.mark.case("DR-1")
def test_the_same_distribution_is_called_steady_in_nearly_every_one_of_200_seeds(record_property: Any) -> None:
    seeds = range(200)
    found = [compare(rows(150, 2 * seed + 10), rows(60, 2 * seed + 11), PARAMS).verdict for seed in seeds]
    record_property("n_run", len(seeds))
    assert set(found) <= {"steady", "drift"}
    assert found.count("steady") >= 0.95 * len(seeds), f"{found.count('drift')} false alarms in {len(seeds)}"


@pytest.mark.case("DR-1")
@pytest.mark.parametrize("seed", range(8))
def test_the_same_distribution_is_steady(seed: int) -> None:
    assert compare(REFERENCE, rows(80, 100 + seed), PARAMS).verdict == "steady"


@pytest.mark.case("DR-2")
@pytest.mark.parametrize("seed", range(4))
def test_a_planted_topic_in_30_percent_is_drift_and_is_named_with_its_documents(seed: int) -> None:
    window = rows(100, 200 + seed, new_share=0.3)
    report = compare(REFERENCE, window, PARAMS)
    assert report.verdict == "drift"
    topics = aspect(report, "topics")
    assert topics.state == "drift"
    planted = set(window.loc[window["label"] == "crane", "document_id"])
    largest = topics.cells[0]
    assert "crane" in largest.what
    assert largest.before < 0.1 < 0.2 < largest.after
    assert len(planted & set(largest.documents)) / len(planted) > 0.8
    assert any(row["aspect"] == "topics" and row["document_id"] in planted for row in report.moved())
    assert "crane" in report.why


def test_traffic_without_labels_still_shows_a_new_topic() -> None:
    window = rows(100, 300, new_share=0.3).drop(columns=["label", "department", "correct"])
    report = compare(REFERENCE, window, PARAMS)
    assert report.verdict == "drift"
    assert {name for name, state in states(report).items() if state == "not measured"} == {
        "labels",
        "department",
        "quality",
    }
    assert aspect(report, "labels").reason == "the window has no label"


@pytest.mark.case("DR-6")
def test_too_few_rows_are_not_enough_data_whatever_they_say() -> None:
    few = compare(REFERENCE, rows(29, 5, new_share=1.0), PARAMS)
    assert (few.verdict, few.aspects) == ("not enough data", ())
    assert "29 different texts in the window; at least 30 are needed" in few.why
    assert compare(rows(20, 6), rows(80, 7), PARAMS).verdict == "not enough data"
    assert compare(REFERENCE, rows(80, 7).head(0), PARAMS).verdict == "not enough data"


def test_copies_of_one_text_are_one_piece_of_evidence() -> None:
    one = rows(80, 8, new_share=1.0).head(1)
    copies = pd.concat([one] * 60).assign(document_id=[f"c{place}" for place in range(60)])
    window = pd.concat([rows(80, 9), copies], ignore_index=True)
    report = compare(REFERENCE, window, PARAMS)
    assert (report.verdict, report.window_rows, report.copies) == ("steady", 81, 59)


def test_near_copies_are_one_piece_of_evidence_too() -> None:
    long = " ".join(f"w{place:02}" for place in range(40))
    one = rows(1, 8, new_share=1.0)
    near = pd.concat([one] * 60, ignore_index=True).assign(
        document_id=[f"c{place}" for place in range(60)],
        text_sha256=[f"{place:064}" for place in range(60)],
        words=[f"{long} z{place:02}" for place in range(60)],
    )
    window = pd.concat([rows(80, 9), near], ignore_index=True)
    assert compare(REFERENCE, window, PARAMS).verdict == "steady"
    assert compare(REFERENCE, window, PARAMS).window_rows == 81


@pytest.mark.parametrize("name", NAMES)
def test_an_aspect_whose_column_is_missing_is_not_measured(name: str) -> None:
    for column in parts.find(ASPECTS, name).COLUMNS:
        if column != "words":  # without which no two texts can be told apart
            found = aspect(compare(REFERENCE, rows(80, 9).drop(columns=column), PARAMS), name)
            assert (found.state, found.reason) == ("not measured", f"the window has no {column}")
            found = aspect(compare(REFERENCE.drop(columns=column), rows(80, 9), PARAMS), name)
            assert (found.state, found.reason) == ("not measured", f"the reference has no {column}")


@pytest.mark.parametrize("missing", [np.nan, np.inf])
@pytest.mark.parametrize("name", NAMES)
def test_an_aspect_with_a_value_that_is_missing_or_infinite_is_not_measured(name: str, missing: float) -> None:
    part = parts.find(ASPECTS, name)
    column = part.COLUMNS[0]
    window = rows(80, 9)
    if column == "words" or (np.isinf(missing) and not (column == "vector" or is_numeric_dtype(window[column]))):
        return
    holed = [*window[column].tolist()[:-1], np.array([missing] * 6) if column == "vector" else missing]
    report = compare(REFERENCE, window.assign(**{column: holed}), PARAMS)
    if hasattr(part, "LEAST_SHARE"):
        assert aspect(report, name).window_rows == 79
    else:
        assert aspect(report, name).state == "not measured"
        assert aspect(report, name).reason.startswith("1 of 80 rows of the window lack")
        assert name in report.why


def test_when_nothing_can_be_measured_the_verdict_is_not_steady() -> None:
    only_labels = params(watch={"labels": 0.1, "quality": 0.05})
    report = compare(REFERENCE, rows(80, 9).drop(columns=["label", "correct"]), only_labels)
    assert report.verdict == "not enough data"
    assert "labels (the window has no label)" in report.why


def test_columns_that_are_empty_on_one_side_are_not_compared() -> None:
    found = aspect(compare(REFERENCE, rows(80, 9).assign(department=""), PARAMS), "department")
    assert (found.state, found.reason) == ("not measured", "every department of the window is empty")


def test_answers_are_compared_with_those_on_rows_that_were_not_learnt_from() -> None:
    learnt = rows(220, 1, side="train").assign(prediction=None, confidence=np.nan, correct=np.nan)
    learnt["document_id"] += "-learnt"
    learnt["text_sha256"] = [f"{place:064}" for place in range(220)]
    learnt["words"] += " " + learnt["document_id"] + " " + learnt["document_id"].str.replace("-", "")
    report = compare(pd.concat([rows(90, 30), learnt]), rows(80, 9), PARAMS)
    assert aspect(report, "confidence").reference_rows == 90
    assert aspect(report, "topics").reference_rows > 90
    only_learnt = compare(learnt, rows(80, 9), PARAMS)
    assert "not learnt from" in aspect(only_learnt, "confidence").reason


def test_fewer_right_answers_are_drift_and_more_are_not() -> None:
    worse = aspect(compare(REFERENCE, rows(120, 40, right=0.55), PARAMS), "quality")
    assert (worse.state, worse.effect is not None and worse.effect > 0.2) == ("drift", True)
    better = aspect(compare(rows(220, 41, right=0.55), rows(120, 42, right=0.95), PARAMS), "quality")
    assert better.state == "steady"


def test_labels_that_arrived_for_too_few_rows_do_not_measure_quality() -> None:
    window = rows(80, 9)
    window.loc[50:, "correct"] = np.nan
    assert aspect(compare(REFERENCE, window, PARAMS), "quality").window_rows == 50
    window.loc[25:, "correct"] = np.nan
    found = aspect(compare(REFERENCE, window, params(minimum_rows=20)), "quality")
    assert (found.state, found.reason) == ("not measured", "55 of 80 rows of the window lack correct")
    few = rows(50, 9)
    few.loc[27:, "correct"] = np.nan
    assert (
        "27 rows of the window have correct; at least 30" in aspect(compare(REFERENCE, few, PARAMS), "quality").reason
    )


def test_a_significant_change_that_is_too_small_to_matter_is_not_drift() -> None:
    window = rows(100, 200, new_share=0.3)
    large = params(watch=dict.fromkeys(PARAMS.watch, 9.0))
    report = compare(REFERENCE, window, large)
    topics = aspect(report, "topics")
    assert topics.p_corrected is not None
    assert (report.verdict, topics.p_corrected < PARAMS.alpha) == ("steady", True)


def test_every_aspect_can_show_drift() -> None:
    rng = np.random.default_rng(1)
    window = rows(100, 9, right=0.2, new_share=0.8).assign(
        language="fr", department="legal", characters=rng.integers(900, 2000, 100), confidence=rng.beta(2, 8, 100)
    )
    assert set(states(compare(REFERENCE, window, PARAMS)).values()) == {"drift"}


def test_the_order_of_the_rows_changes_nothing() -> None:
    window = rows(90, 9, new_share=0.1)
    again = compare(REFERENCE.sample(frac=1, random_state=1), window.sample(frac=1, random_state=2), PARAMS)
    first = compare(REFERENCE, window, PARAMS)
    assert first == replace(again)


def test_a_window_above_the_limit_is_sampled_and_says_so() -> None:
    report = compare(REFERENCE, rows(140, 9), params(window_rows=100))
    assert (report.window_rows, report.left_out) == (100, 40)


def test_the_report_as_json_names_no_document() -> None:
    report = compare(REFERENCE, rows(100, 200, new_share=0.3), PARAMS)
    plain = str(report.as_dict())
    assert "crane" in plain
    assert "d200-" not in plain


def test_settings_under_which_nothing_could_ever_be_significant_are_refused() -> None:
    with pytest.raises(ValidationError, match="need more than 1000 permutations"):
        params(permutations=999)
