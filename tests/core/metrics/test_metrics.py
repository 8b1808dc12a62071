import random

import pytest

from retune.core import parts
from retune.core.metrics import accuracy, macro_f1

METRICS = parts.load_all("retune.core.metrics")
LABELS = ["a", "a", "a", "b", "b", "c"]
PREDICTIONS = ["a", "a", "b", "b", "", "d"]


def noisy(rows: int, right: float, seed: int) -> tuple[list[str], list[str]]:
    draw = random.Random(seed)
    labels = [draw.choice("aaabbc") for _ in range(rows)]
    return labels, [label if draw.random() < right else draw.choice("abc") for label in labels]


@pytest.mark.case("EV-1")
def test_the_scores_are_those_computed_by_hand() -> None:
    assert accuracy.score(LABELS, PREDICTIONS) == 3 / 6
    assert macro_f1.score(LABELS, PREDICTIONS) == pytest.approx((0.8 + 0.5 + 0 + 0) / 4)


@pytest.mark.case("EV-1")
def test_the_scores_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import accuracy_score, f1_score

    labels, predictions = noisy(400, 0.7, seed=2)
    assert accuracy.score(labels, predictions) == pytest.approx(accuracy_score(labels, predictions))
    assert macro_f1.score(labels, predictions) == pytest.approx(f1_score(labels, predictions, average="macro"))


@pytest.mark.case("EV-2")
@pytest.mark.parametrize("name", METRICS)
def test_no_answer_scores_nothing(name: str) -> None:
    assert METRICS[name].score(["a", "b"], ["", ""]) == 0.0


@pytest.mark.parametrize("name", METRICS)
def test_a_perfect_answer_scores_one_and_no_rows_score_zero(name: str) -> None:
    assert METRICS[name].score(["a", "b"], ["a", "b"]) == 1.0
    assert METRICS[name].score([], []) == 0.0
    assert METRICS[name].bounds([], [], 1) == (0.0, 1.0)


@pytest.mark.case("EV-8")
@pytest.mark.parametrize("name", METRICS)
def test_the_interval_holds_the_score_and_shrinks_with_the_rows(name: str) -> None:
    widths = []
    for rows in (100, 1600):
        labels, predictions = noisy(rows, 0.8, seed=rows)
        low, high = METRICS[name].bounds(labels, predictions, 7)
        assert low < METRICS[name].score(labels, predictions) < high
        assert (low, high) == METRICS[name].bounds(labels, predictions, 7)
        widths.append(high - low)
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.3)


@pytest.mark.case("EV-8")
def test_the_interval_of_macro_f1_covers_the_true_score() -> None:
    truth = macro_f1.score(*noisy(100_000, 0.8, seed=0))
    bounds = [macro_f1.bounds(*noisy(300, 0.8, seed), 7) for seed in range(1, 101)]
    assert sum(low <= truth <= high for low, high in bounds) >= 89  # 95 expected; fewer than 89 once in 100 times
