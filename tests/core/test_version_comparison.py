"""Two versions are compared on the rows that both answered, and on no others."""

from typing import Any

import pandas as pd
import pytest

from retune.core.version_comparison import against, comparison
from tests.core.version_toys import facts


def answers(predictions: dict[str, str], label: str = "pay") -> pd.DataFrame:
    return pd.DataFrame({"example_id": list(predictions), "label": label, "prediction": list(predictions.values())})


def scored(*metrics: str) -> dict[str, Any]:
    return {"model": dict.fromkeys(metrics)}


def test_only_rows_that_both_answered_under_one_label_are_compared() -> None:
    first = answers({"a": "pay", "b": "pay", "c": "access", "only-first": "pay"})
    second = answers({"a": "pay", "b": "access", "c": "pay", "only-second": "access"})
    second.loc[second["example_id"] == "a", "label"] = "access"  # a person corrected it since
    found = comparison(facts(version="1"), facts(version="2"), (first, second), seed=1)
    assert (found.common_rows, found.not_common) == (2, 4)
    assert (found.won, found.lost) == (["c"], ["b"])
    assert (found.paired["c"], found.paired["b"]) == (1, 1)
    assert [one["value"] for one in found.scores["accuracy"]] == [0.5, 0.5]


def test_versions_without_a_common_row_are_not_scored_together() -> None:
    found = comparison(facts(), facts(), (answers({"a": "pay"}), answers({"b": "pay"})), seed=1)
    assert (found.common_rows, found.scores) == (0, {})
    assert found.own_scores["accuracy"][0]["value"] == 0.9


def test_settings_and_data_that_differ_are_named_and_equal_ones_are_not() -> None:
    first = facts(settings={"train": {"seed": 1, "epochs": 3}}, datasets=[{"name": "train", "md5": "a", "rows": 10}])
    second = facts(settings={"train": {"seed": 2, "epochs": 3}}, datasets=[{"name": "train", "md5": "b", "rows": 10}])
    rows = answers({"a": "pay"})
    found = comparison(first, second, (rows, rows), seed=1)
    assert found.settings == {"train.seed": [1, 2]}
    assert found.data == {"train, MD5": ["a", "b"]}


def test_a_champion_that_did_not_answer_every_row_is_no_comparison() -> None:
    rows = answers({"a": "pay", "b": "pay"})
    assert against("1", rows, answers({"a": "pay"}), scored("accuracy"), seed=1) is None
    found = against("1", rows, answers({"a": "access", "b": "pay"}), scored("accuracy", "a_metric_of_old"), seed=1)
    assert found is not None
    assert list(found.scores) == ["accuracy"]
    assert (found.paired["c"], found.paired["b"]) == (1, 0)


def test_versions_that_write_are_compared_by_what_each_row_is_worth() -> None:
    first, second = (
        answers(said, "the gate opens") for said in ({"a": "the gate", "b": "rain"}, {"a": "the gate", "b": "the gate"})
    )
    writer = {"target": "text", "primary": "rougeL", "model": {"rougeL": {"value": 0.8}}}
    found = comparison(facts(version="1", metrics=writer), facts(version="2", metrics=writer), (first, second), seed=1)
    assert (found.won, found.lost, found.primary) == (["b"], [], "rougeL")
    assert found.paired["gain"] == pytest.approx(0.4)
    assert found.paired["test"] == "sign-flip test"
