import json
import math
from typing import Any

import pandas as pd
import pytest

from retune.core import evaluation
from retune.core.params.evaluate import EvaluateParams
from retune.io.settings import read_section
from tests.conftest import CHECKOUT

PARAMS = read_section(CHECKOUT / "params.yaml", "models.ticket-router.evaluate", EvaluateParams)
METRICS = ("accuracy", "macro_f1")


def answers(model_right: list[bool], probe_right: list[bool]) -> pd.DataFrame:
    labels = ["ab"[n % 2] for n in range(len(model_right))]
    other = {"a": "b", "b": "a"}

    def predicted(right: list[bool]) -> list[str]:
        return [label if hit else other[label] for label, hit in zip(labels, right, strict=True)]

    return pd.DataFrame(
        {
            "example_id": [f"{n:04d}" for n in range(len(labels))],
            "label": labels,
            "prediction": predicted(model_right),
            "confidence": [0.5 + n / 1000 for n in range(len(labels))],
            "probe": predicted(probe_right),
            "tfidf": ["a"] * len(labels),
        }
    )


# 200 rows: 15 won over the probe, 5 lost, 0.85 against 0.80
BETTER = answers([True] * 170 + [False] * 30, [True] * 155 + [False] * 15 + [True] * 5 + [False] * 25)


def report(found: pd.DataFrame, known: str = "ab") -> dict[str, Any]:
    return evaluation.report(found, list(known), METRICS, PARAMS)


def test_the_report_says_what_tuning_gained_with_its_p() -> None:
    line = report(BETTER)["tuning"]
    assert line.startswith("Tuning gained over the probe: accuracy 0.850 against 0.800")
    assert "+5.0 points" in line
    assert "15 rows won, 5 lost" in line
    assert "p = 0.0414" in line


@pytest.mark.parametrize(
    "found",
    [
        answers([True] * 180 + [False] * 20, [True] * 180 + [False] * 20),
        answers([True] * 9 + [False], [True] * 8 + [False] * 2),
    ],
)
def test_the_report_says_when_tuning_does_not_pay(found: pd.DataFrame) -> None:
    assert report(found)["tuning"].startswith("Tuning does not pay here")


@pytest.mark.case("EV-8")
def test_each_score_has_its_interval() -> None:
    found = report(BETTER)
    accuracy = found["model"]["accuracy"]
    assert accuracy["value"] == 0.85
    assert 0.79 < accuracy["low"] < 0.85 < accuracy["high"] < 0.90
    assert accuracy["half_width"] == pytest.approx((accuracy["high"] - accuracy["low"]) / 2)
    for scores in (found["model"], *found["floors"].values(), *found["per_class"].values()):
        intervals = [score for score in scores.values() if isinstance(score, dict)]
        assert intervals
        assert all(one["low"] <= one["value"] <= one["high"] for one in intervals)


@pytest.mark.case("EV-8")
def test_the_report_says_how_exactly_the_rows_know_the_score() -> None:
    found = answers([True] * 140 + [False] * 60, [True] * 140 + [False] * 60)
    assert report(found)["precision"] == "Accuracy 0.700 is known to ±6.4 points from 200 rows; ±2.5 points take 1,291."


@pytest.mark.case("EV-1")
def test_the_scores_of_each_label_are_those_by_hand() -> None:
    found = BETTER.assign(prediction=["a"] * 150 + ["b"] * 50)
    label = report(found)["per_class"]["a"]
    assert (label["rows"], label["predicted"]) == (100, 150)
    assert label["recall"]["value"] == 0.75
    assert label["precision"]["value"] == 0.5
    assert label["f1"]["value"] == pytest.approx(0.6)


@pytest.mark.case("EV-2")
def test_no_answer_is_counted_and_wrong() -> None:
    found = report(BETTER.assign(prediction=[""] * 40 + BETTER["prediction"].tolist()[40:]))
    assert found["empty_predictions"] == 40
    assert found["model"]["accuracy"]["value"] == 0.65
    assert sum(row[-1] for row in found["confusion"]["counts"]) == 40


@pytest.mark.case("TR-14")
def test_a_label_that_training_never_saw_is_reported_and_wrong() -> None:
    found = BETTER.assign(label=["c"] * 3 + BETTER["label"].tolist()[3:])
    scored = report(found)
    assert (scored["unseen_labels"], scored["unseen_rows"]) == (["c"], 3)
    assert scored["per_class"]["c"]["recall"]["value"] == 0.0


def test_the_chance_to_show_five_points_is_that_of_the_paired_test() -> None:
    found = report(BETTER)
    assert found["power_5_points"] == pytest.approx(0.543, abs=0.001)  # checked by simulation in test_statistics
    assert 0.05 < found["smallest_gain"] < 0.1


def test_the_report_is_plain_json_without_a_number_that_is_none() -> None:
    for found in (BETTER, BETTER.assign(prediction=""), BETTER.iloc[:1]):
        written = json.dumps(report(found), allow_nan=False)
        assert json.loads(written)["test_rows"] == len(found)


def test_the_worst_errors_are_the_most_confident_ones() -> None:
    texts = pd.Series([f"text {n}" for n in range(200)])
    worst = evaluation.worst_errors(BETTER, texts, 3)
    assert worst["text"].tolist() == ["text 199", "text 198", "text 197"]
    assert worst["rank"].tolist() == [1, 2, 3]
    assert math.isclose(worst["confidence"].iloc[0], 0.699)
    assert evaluation.worst_errors(BETTER.assign(prediction=BETTER["label"]), texts, 3).empty


def test_what_is_shown_beyond_the_scores_is_single_numbers_for_the_run() -> None:
    measured = {
        "calibration": {"ece": {"value": 0.02}, "ece_before": 0.1, "brier": 0.05, "temperature": 0.6},
        "leakage": {"leaked_rows": 3, "most_copies": 1},
        "triggers": {"rate": {"value": 0.05}},
        "membership": {"auc": {"value": 0.6}, "true_positive_rate": {"value": 0.03}},
        "behaviour": {
            "tests": [{"share": {"value": 0.9}, "least": 0.9}, {"share": {"value": 0.8}, "least": 0.9}],
        },
        "learning_curve": {"points": [{"share": 0.25, "accuracy": {"value": 0.7}}]},
    }
    assert evaluation.figures(measured) == {
        "calibration/error": 0.02,
        "calibration/error_before": 0.1,
        "calibration/brier": 0.05,
        "calibration/temperature": 0.6,
        "leakage/test_rows": 3,
        "leakage/most_copies": 1,
        "membership/auc": 0.6,
        "membership/true_positive_rate": 0.03,
        "triggers/rate": 0.05,
        "behaviour/tests": 2,
        "behaviour/passed": 1,
        "learning_curve/accuracy_at_25_percent": 0.7,
    }
    assert evaluation.figures({"test_rows": 9}) == {}
