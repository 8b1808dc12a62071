from typing import Any

import pytest

from retune.core.retention import retention, scores_kept
from retune.core.scoring import Asked, Given


def kept(labels: list[str], before: list[str], now: list[str], *, gone: int) -> dict[str, Any]:
    asked = Asked("label", [""] * len(labels), labels)
    return retention("router version 3", asked, Given(before), Given(now), gone, primary="accuracy", seed=7)


@pytest.mark.case("TR-9")
def test_retention_pairs_parent_and_child_on_the_parents_test_rows() -> None:
    labels = ["a"] * 10
    before, now = ["a"] * 8 + ["b"] * 2, ["a"] * 7 + ["b", "a", "b"]
    found = kept(labels, before, now, gone=4)
    assert (found["rows"], found["gone"], found["b"], found["c"]) == (10, 4, 1, 1)
    assert found["parent_accuracy"]["value"] == found["accuracy"]["value"] == 0.8
    assert "accuracy 0.800 against 0.800 of router version 3 on 10 of its test rows: +0.0 points" in found["line"]


@pytest.mark.parametrize(
    ("target", "primary"), [("label", "accuracy"), ("text", "chrf"), ("nothing", "perplexity"), ("answers", "span_f1")]
)
def test_retention_without_a_row_says_so(target: str, primary: str) -> None:
    found = retention("p version 1", Asked(target, [], []), Given([]), Given([]), 9, primary=primary, seed=7)
    assert "none of the test rows" in found["line"]


def test_retention_that_was_not_measured_does_not_say_that_rows_are_gone() -> None:
    asked = Asked("nothing", ["a text"] * 3, [""] * 3)
    found = retention("p version 1", asked, Given([""] * 3), Given([""] * 3), 0, primary="perplexity", seed=7)
    assert "perplexity was not measured on the 3 test rows" in found["line"]


def test_retention_of_texts_is_told_by_their_own_score() -> None:
    asked = Asked("text", [""] * 12, ["the gate is shut"] * 12)
    found = retention(
        "writer version 3",
        asked,
        Given(["the gate is shut"] * 12),
        Given(["the gate"] * 12),
        0,
        primary="rougeL",
        seed=7,
    )
    assert found["parent_rougeL"]["value"] == 1.0
    assert (found["gain"], found["b"]) == (pytest.approx(-1 / 3), 12)
    assert "rougeL 0.667 against 1.000 of writer version 3" in found["line"]
    assert scores_kept(found) == {"retention/rows": 12, "retention/rougeL": 2 / 3, "retention/parent_rougeL": 1.0}
