import json
import math
from typing import Any

import pandas as pd
import pytest

from retune.core import evaluation
from retune.core.evaluation import TaskType
from retune.core.params.evaluate import EvaluateParams
from retune.io.settings import read_section
from tests.conftest import CHECKOUT

PARAMS = read_section(CHECKOUT / "params.yaml", "models.ticket-router.evaluate", EvaluateParams)
FLOORS = {"probe": "the probe", "tfidf": "TF-IDF"}
KIND = TaskType("label", ("accuracy", "macro_f1"), "accuracy", FLOORS)


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
    return evaluation.report(found, [""] * len(found), KIND, PARAMS, known=list(known))


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
    rows = pd.DataFrame({"text": [f"text {n}" for n in range(200)], "context": ""})
    worst = evaluation.worst_errors(BETTER, rows, KIND, 3)
    assert worst["text"].tolist() == ["text 199", "text 198", "text 197"]
    assert worst["rank"].tolist() == [1, 2, 3]
    assert math.isclose(worst["confidence"].iloc[0], 0.699)
    assert evaluation.worst_errors(BETTER.assign(prediction=BETTER["label"]), rows, KIND, 3).empty


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


def table(labels: list[str], predictions: list[str], **floors: list[str]) -> pd.DataFrame:
    ids = [f"{place:04d}" for place in range(len(labels))]
    return pd.DataFrame(
        {"example_id": ids, "label": labels, "prediction": predictions, "confidence": math.nan} | floors
    )


def test_a_writing_model_is_held_against_the_best_of_its_floors_and_its_lengths_are_told() -> None:
    kind = TaskType("text", ("rougeL", "perplexity"), "rougeL", {"lead3": "lead-3", "untuned": "the untuned model"})
    labels = ["the gate opens at six"] * 40
    found = table(labels, ["the gate opens at six"] * 39 + [""], lead3=["the gate"] * 40, untuned=["no idea"] * 40)
    found = found.assign(loss=10.0, tokens=5, untuned_loss=20.0, untuned_tokens=5)
    told = evaluation.report(found, ["?"] * 40, kind, PARAMS, known=[])
    assert told["tuning"].startswith("Tuning gained over lead-3: rougeL 0.975 against 0.571 of lead-3 on the same 40")
    assert "39 rows won, 1 lost, sign-flip test p = 0.0001" in told["tuning"]
    assert set(told["floors"]["untuned"]) == {"rougeL", "perplexity"}
    assert set(told["floors"]["lead3"]) == {"rougeL"}, "only a model has a loss"
    assert told["words"]["answers"] == {"median": 5.0, "percentile_95": 5.0, "most": 5}
    assert told["empty_predictions"] == 1
    assert told["precision"].startswith("RougeL 0.975 is known to ±")
    assert "confusion" not in told
    assert "power_5_points" not in told
    assert 0.01 < told["smallest_gain"] < 0.2
    assert json.dumps(told, allow_nan=False)


def test_each_type_of_entity_has_its_scores() -> None:
    kind = TaskType("entities", ("entity_f1",), "entity_f1", {"longest_match": "the longest match"})
    person, place = ({"start": 0, "end": 3, "type": "PER"}, {"start": 7, "end": 11, "type": "LOC"})
    both, one = json.dumps([person, place]), json.dumps([person])
    told = evaluation.report(
        table([both] * 20, [one] * 20, longest_match=[""] * 20), ["Ada in Rome"] * 20, kind, PARAMS, known=[]
    )
    assert {name: one["f1"]["value"] for name, one in told["per_class"].items()} == {"PER": 1.0, "LOC": 0.0}
    assert told["per_class"]["LOC"]["rows"] == 20
    assert told["model"]["entity_f1"]["value"] == pytest.approx(2 / 3)
    assert "randomisation test" in told["tuning"]
    assert told["primary"] == "entity_f1"


def test_each_label_of_several_has_its_scores() -> None:
    kind = TaskType("labels", ("subset_accuracy", "set_micro_f1"), "subset_accuracy", {"most_frequent": "the mode"})
    labels = ['["a", "b"]'] * 15 + ["[]"] * 15
    told = evaluation.report(
        table(labels, ['["a"]'] * 15 + ["[]"] * 14 + [""], most_frequent=["[]"] * 30), [""] * 30, kind, PARAMS, known=[]
    )
    assert told["model"]["subset_accuracy"]["value"] == 14 / 30
    assert {name: one["recall"]["value"] for name, one in told["per_class"].items()} == {"a": 1.0, "b": 0.0}
    assert "exact McNemar" in told["tuning"]
    assert told["power_5_points"] > 0


def test_a_model_that_answers_nothing_is_worth_what_a_text_costs_it() -> None:
    kind = TaskType("nothing", ("perplexity",), "perplexity", {"untuned": "the untuned model"})
    found = table([""] * 30, [""] * 30, untuned=[""] * 30)
    found = found.assign(loss=[20.0 + n % 3 for n in range(30)], tokens=10, untuned_loss=30.0, untuned_tokens=10)
    told = evaluation.report(found, ["some words"] * 30, kind, PARAMS, known=[])
    assert told["tuning"].startswith("Tuning gained over the untuned model: perplexity 8.166 against 20.086")
    assert told["empty_predictions"] == 0
    assert told["precision"].startswith("Perplexity 8.166 is known to ±0.")
    assert evaluation.columns(kind, found) == {
        "example_id": "string", "label": "string", "prediction": "string", "confidence": "float64", "loss": "float64",
        "tokens": "int64", "untuned": "string", "untuned_loss": "float64", "untuned_tokens": "int64"}  # fmt: skip


def test_the_worst_of_what_was_written_is_worth_least() -> None:
    kind = TaskType("text", ("rougeL",), "rougeL", {"copy": "the source copied"})
    found = table(["the gate opens"] * 3, ["the gate", "the gate opens", "rain"], copy=["x"] * 3)
    rows = pd.DataFrame({"text": ["a", "b", "c"], "context": ["", "", "here"]})
    worst = evaluation.worst_errors(found, rows, kind, 9)
    assert worst[["rank", "text", "context", "prediction", "value"]].to_numpy().tolist() == [
        [1, "c", "here", "rain", 0.0], [2, "a", "", "the gate", 0.8]]  # fmt: skip
    assert list(worst) == list(evaluation.error_columns(kind))
