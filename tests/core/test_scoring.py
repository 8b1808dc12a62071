"""What a prediction of each target is worth, and the comparison of two models by the metric of a task type."""

import json
from typing import Any

import pytest

from retune.core import scoring
from retune.core.metrics import entity_f1
from retune.core.scoring import Asked, Given
from retune.core.statistics import compare

TEXT = "Ada Lovelace wrote to Charles Babbage in London."


def entities(*found: tuple[int, int, str]) -> str:
    return json.dumps([{"start": start, "end": end, "type": kind} for start, end, kind in found])


def answer(*texts: str) -> str:
    return json.dumps([{"text": text, "start": 0} for text in texts])


def asked(target: str, *labels: str, texts: list[str] | None = None, **of: Any) -> Asked:
    return Asked(target, texts or [TEXT] * len(labels), labels, **of)


def value(target: str, name: str, label: str, prediction: str) -> float:
    found = scoring.score(asked(target, label), Given([prediction]), name, 7)
    assert found is not None
    return found.value


@pytest.mark.case("EV-1")
@pytest.mark.parametrize(
    ("prediction", "f1"),
    [
        (entities((0, 12, "PER"), (22, 37, "PER"), (41, 47, "LOC")), 1.0),
        (entities((0, 12, "PER"), (22, 37, "PER"), (41, 48, "LOC")), 2 / 3),  # one character too many
        (entities((0, 3, "PER"), (22, 37, "PER"), (41, 47, "LOC")), 2 / 3),  # half a name
        (entities((0, 12, "ORG"), (22, 37, "PER"), (41, 47, "LOC")), 2 / 3),
        (entities((0, 12, "PER")), 0.5),
        (entities(), 0.0),
        ("", 0.0),
        ("not what was asked for", 0.0),
    ],
)
def test_an_entity_is_found_with_its_very_bounds_and_type_or_not_at_all(prediction: str, f1: float) -> None:
    label = entities((0, 12, "PER"), (22, 37, "PER"), (41, 47, "LOC"))
    assert value("entities", "entity_f1", label, prediction) == pytest.approx(f1)


def test_entities_that_touch_stay_two() -> None:
    two, one = entities((0, 3, "PER"), (3, 12, "PER")), entities((0, 12, "PER"))
    assert value("entities", "entity_f1", two, two) == 1.0
    assert value("entities", "entity_f1", two, one) == 0.0


@pytest.mark.case("EV-1", "EV-2")
@pytest.mark.parametrize(
    ("label", "prediction", "exact"),
    [
        (answer("in London", "London"), answer("the London"), 1.0),
        (answer("London"), answer("in London"), 0.0),
        (answer("London"), "[]", 0.0),
        ("[]", "[]", 1.0),
        ("[]", answer("London"), 0.0),
        (answer("London"), "", 0.0),
    ],
)
def test_an_answer_is_held_against_all_right_ones_and_none_where_there_is_none(
    label: str, prediction: str, exact: float
) -> None:
    assert value("answers", "exact_match", label, prediction) == exact
    assert scoring.right("answers", [label], [prediction]) == [exact == 1.0]


@pytest.mark.parametrize(
    ("label", "prediction", "is_right"),
    [('["a", "b"]', '["b", "a"]', True), ('["a", "b"]', '["a"]', False), ("[]", "[]", True), ("[]", "", False)],
)
def test_labels_are_a_set_and_no_answer_is_not_the_empty_one(label: str, prediction: str, is_right: bool) -> None:
    assert scoring.right("labels", [label], [prediction]) == [is_right]
    assert value("labels", "subset_accuracy", label, prediction) == float(is_right)
    assert (value("labels", "set_micro_f1", label, prediction) == 1.0) == (is_right and label != "[]")


def test_a_text_is_held_against_its_reference_and_its_cost_against_its_tokens() -> None:
    rows = asked("text", "The gate is shut.", "It rained.")
    given = Given(["The gate is shut.", "Snow."], losses=[2.0, 4.0], tokens=[4, 2])
    found = scoring.scores(rows, given, ["rougeL", "chrf", "perplexity"], 7)
    assert found["rougeL"]["value"] == 0.5
    assert found["perplexity"]["value"] == pytest.approx(2.718281828)
    assert list(scoring.scores(rows, Given(given.predictions), ["rougeL", "perplexity"], 7)) == ["rougeL"]


def test_a_metric_that_says_nothing_of_a_target_is_refused() -> None:
    with pytest.raises(ValueError, match="says nothing of one label"):
        scoring.score(asked("label", "a"), Given(["a"]), "rougeL", 7)


def test_right_and_wrong_are_compared_by_mcnemar_as_before() -> None:
    labels, first, second = ["a"] * 30, ["a"] * 20 + ["b"] * 10, ["b"] * 3 + ["a"] * 27
    found = scoring.compare(asked("label", *labels), Given(first), Given(second), "accuracy", 7)
    assert found == vars(compare(labels, first, second))


def test_scores_of_texts_are_compared_row_by_row_and_their_test_is_named() -> None:
    rows = asked("text", *["the gate is shut today"] * 30)
    worse, better = Given(["the gate"] * 30), Given(["the gate is shut"] * 30)
    found = scoring.compare(rows, worse, better, "rougeL", 7)
    assert found is not None
    assert (found["b"], found["c"], found["test"]) == (0, 30, "sign-flip test")
    assert found["p"] < 0.01
    assert scoring.tested(found).startswith("sign-flip test p")
    assert scoring.tested({"p": 0.5}) == "exact McNemar p = 0.5000"


def test_entities_are_compared_by_the_score_of_all_rows() -> None:
    labels = [entities((0, 12, "PER"), (41, 47, "LOC"))] * 40
    half, whole = Given([entities((0, 12, "PER"))] * 40), Given(labels)
    found = scoring.compare(asked("entities", *labels), half, whole, "entity_f1", 7)
    assert found is not None
    assert found["gain"] == pytest.approx(1 - 2 / 3)
    assert (found["c"], found["test"]) == (40, "randomisation test")
    pairs = scoring.pairs_of(asked("entities", *labels), half, entity_f1.KIND)
    assert pairs is not None
    assert entity_f1.score(*pairs) == pytest.approx(2 / 3)


def test_less_is_better_where_the_metric_says_so() -> None:
    rows = asked("nothing", *[""] * 20)
    before, now = (Given([""] * 20, losses=[loss] * 20, tokens=[5] * 20) for loss in (10.0, 5.0))
    found = scoring.compare(rows, before, now, "perplexity", 7)
    assert found is not None
    assert found["gain"] > 0
    assert (found["b"], found["c"]) == (0, 20)
    assert scoring.difference("perplexity", found["gain"]) == "+4.67"
    assert scoring.difference("rougeL", 0.05) == "+5.0 points"
    assert scoring.by_row(rows, now, "perplexity")[0] > scoring.by_row(rows, before, "perplexity")[0]
    assert scoring.compare(rows, before, Given([""] * 20), "perplexity", 7) is None


def test_some_rows_keep_their_documents() -> None:
    rows = asked("label", "a", "b", "a", documents=["x", "x", "y"])
    assert rows.at([2, 0]) == Asked("label", [TEXT] * 2, ["a", "a"], ["y", "x"])
    assert Given(["p", "q"], [1.0, 2.0], [3, 4]).at([1]) == Given(["q"], [2.0], [4])
