"""A model that is surer of what it learnt than of what it did not gives that away; one that is not does not."""

import numpy as np
import pandas as pd
import pytest

from retune.core.membership import Losses, drawn, report

ROWS = 500


def losses(model: np.ndarray, reference: np.ndarray, rows_of_a_document: int = 1) -> Losses:
    documents = [f"d{place // rows_of_a_document}" for place in range(len(model))]
    return Losses(model.tolist(), reference.tolist(), documents)


def sides(gap: float, seed: int = 1) -> tuple[Losses, Losses]:
    """Return rows of very different difficulty that a model knows better by so many nats if it learnt them."""
    rng = np.random.default_rng(seed)
    hard = rng.exponential(2.0, (2, ROWS)) + 5
    noise = rng.normal(0, 0.1, (2, ROWS))
    return losses(hard[0] + noise[0] - gap, hard[0]), losses(hard[1] + noise[1], hard[1])


@pytest.mark.case("M3")
def test_a_model_that_learnt_its_rows_by_heart_is_caught_and_one_that_did_not_is_not() -> None:
    caught, clean = report(*sides(0.3), seed=1), report(*sides(0.0), seed=1)
    assert caught["auc"]["low"] > 0.9
    assert caught["true_positive_rate"]["low"] > 0.3
    assert clean["auc"]["low"] < 0.5 < 0.6 > clean["auc"]["high"]
    assert clean["true_positive_rate"]["value"] < 0.05
    assert (caught["learnt_rows"], caught["held_out_rows"]) == (ROWS, ROWS)


@pytest.mark.case("M3")
def test_the_reference_shows_what_the_difficulty_of_the_rows_hides() -> None:
    found = report(*sides(0.3), seed=1)
    assert found["by"] == "loss_ratio"
    assert found["measures"]["loss"]["auc"]["value"] < 0.6 < found["auc"]["value"]


@pytest.mark.case("M3")
def test_a_reference_that_learnt_the_same_rows_hides_nothing() -> None:
    rng = np.random.default_rng(2)
    learnt, held_out = rng.normal(1, 0.1, ROWS), rng.normal(2, 0.1, ROWS)
    found = report(losses(learnt, learnt), losses(held_out, held_out), seed=1)
    assert found["measures"]["loss_ratio"]["auc"]["value"] == 0.5
    assert (found["by"], found["auc"]["value"]) == ("loss", 1.0)
    assert 0.98 < found["auc"]["low"] < 1.0, "so many rows do not make it certain"


def test_both_figures_are_those_by_hand() -> None:
    learnt, held_out = np.array([1.0, 2.0, 3.0, 9.0]), np.linspace(2.0, 8.0, 200)
    found = report(losses(learnt, 0 * learnt), losses(held_out, 0 * held_out), seed=1)["measures"]["loss"]
    above = [200, 199.5, (held_out > 3).sum(), 0]
    assert found["auc"]["value"] == pytest.approx(sum(above) / 800)
    assert found["true_positive_rate"]["value"] == 0.5, "with two of 200 false ones the loss of 2 is among the hits"
    tied = report(losses(learnt * 0, learnt * 0), losses(held_out * 0, held_out * 0), seed=1)
    assert (tied["auc"]["value"], tied["true_positive_rate"]["value"]) == (0.5, 0.0), "a tie tells nothing"


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = sum(found["low"] <= 0.5 <= found["high"] for found in (report(*sides(0.0, n), n)["auc"] for n in range(20)))
    assert held >= 17


def test_rows_of_one_document_are_no_evidence_each() -> None:
    rng = np.random.default_rng(3)
    shared = np.repeat(rng.normal(0, 1, (2, 50)), 10, axis=1)
    widths = []
    for size in (1, 10):
        first, second = (losses(side, 0 * side, size) for side in shared)
        found = report(first, second, seed=1)["auc"]
        widths.append(found["high"] - found["low"])
    assert widths[1] > 2 * widths[0]


def test_the_order_of_the_rows_is_no_evidence() -> None:
    first, second = (losses(np.sort(side), 0 * side) for side in np.random.default_rng(4).normal(0, 1, (2, ROWS)))
    found = report(first, second, seed=1)["auc"]
    assert found["high"] - found["low"] > 0.05, "both sides are drawn apart"


def test_without_rows_on_one_side_nothing_is_measured() -> None:
    none = losses(np.array([]), np.array([]))
    assert report(none, sides(0.0)[1], seed=1) == {"learnt_rows": 0, "held_out_rows": ROWS}


def test_most_of_the_drawn_rows_stay_when_rows_are_added() -> None:
    rows = pd.DataFrame({"example_id": [f"e{place}" for place in range(1000)]})
    few, more = (set(drawn(rows.head(size), 100, seed=1)["example_id"]) for size in (900, 1000))
    assert (len(few), len(more)) == (100, 100)
    assert len(few & more) > 80
    assert len(drawn(rows.head(7), 100, seed=1)) == 7
