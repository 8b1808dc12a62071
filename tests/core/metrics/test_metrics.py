import random

import pytest

from retune.core import parts
from retune.core.metrics import accuracy, balanced_accuracy, macro_f1, matthews, micro_f1, weighted_f1
from tests.core.metrics import toys

METRICS = parts.load_all("retune.core.metrics")
ANSWERED = [name for name, metric in METRICS.items() if metric.BEST > metric.WORST]
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
    assert micro_f1.score(LABELS, PREDICTIONS) == pytest.approx(2 * 3 / (6 + 5))
    assert weighted_f1.score(LABELS, PREDICTIONS) == pytest.approx((3 * 0.8 + 2 * 0.5 + 0) / 6)
    assert balanced_accuracy.score(LABELS, PREDICTIONS) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    # 3 hits of 6; labels 3, 2, 1 and answers 2, 2, 0, one d, one none: (3 * 6 - 10) / sqrt((36 - 14) * (36 - 10))
    assert matthews.score(LABELS, PREDICTIONS) == pytest.approx(8 / (22 * 26) ** 0.5)


@pytest.mark.case("EV-1")
def test_the_scores_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, matthews_corrcoef

    labels, predictions = noisy(400, 0.7, seed=2)
    assert accuracy.score(labels, predictions) == pytest.approx(accuracy_score(labels, predictions))
    assert macro_f1.score(labels, predictions) == pytest.approx(f1_score(labels, predictions, average="macro"))
    assert micro_f1.score(labels, predictions) == pytest.approx(f1_score(labels, predictions, average="micro"))
    assert weighted_f1.score(labels, predictions) == pytest.approx(f1_score(labels, predictions, average="weighted"))
    assert balanced_accuracy.score(labels, predictions) == pytest.approx(balanced_accuracy_score(labels, predictions))
    for answers in (predictions, ["", *predictions[1:]]):
        assert matthews.score(labels, answers) == pytest.approx(matthews_corrcoef(labels, answers))


def test_answers_that_are_always_the_same_know_nothing_of_the_label() -> None:
    labels = ["a"] * 95 + ["b"] * 5
    assert accuracy.score(labels, ["a"] * 100) == 0.95
    assert matthews.score(labels, ["a"] * 100) == 0.0
    assert balanced_accuracy.score(labels, ["a"] * 100) == 0.5


@pytest.mark.case("EV-2")
@pytest.mark.parametrize("name", ANSWERED)
def test_no_answer_scores_nothing(name: str) -> None:
    toy = toys.KINDS[METRICS[name].KIND](20, 0.8, 1)
    assert METRICS[name].score(toy.truth, toy.none) == 0.0


@pytest.mark.case("EV-8")
@pytest.mark.parametrize("name", METRICS)
def test_the_interval_holds_the_score_and_shrinks_with_the_rows(name: str) -> None:
    widths = []
    for rows in (100, 1600):
        toy = toys.KINDS[METRICS[name].KIND](rows, 0.8, rows)
        low, high = METRICS[name].bounds(toy.truth, toy.answers, 7)
        assert low < METRICS[name].score(toy.truth, toy.answers) < high
        widths.append(high - low)
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.35)


@pytest.mark.case("EV-8")
def test_the_interval_of_macro_f1_covers_the_true_score() -> None:
    truth = macro_f1.score(*noisy(100_000, 0.8, seed=0))
    bounds = [macro_f1.bounds(*noisy(300, 0.8, seed), 7) for seed in range(1, 101)]
    assert sum(low <= truth <= high for low, high in bounds) >= 89  # 95 expected; fewer than 89 once in 100 times


def grouped(seed: int) -> tuple[list[str], list[str], list[str]]:
    """Return 60 documents of 8 rows: half of a document's rows are answered as the document as a whole is."""
    draw = random.Random(seed)
    labels, predictions, documents = [], [], []
    for document in range(60):
        fate = draw.random() < 0.8
        for _ in range(8):
            right = fate if draw.random() < 0.7 else draw.random() < 0.8
            labels.append(draw.choice("ab"))
            predictions.append(labels[-1] if right else "ab"[labels[-1] == "a"])
            documents.append(f"document {document}")
    return labels, predictions, documents


@pytest.mark.case("EV-8")
def test_the_interval_by_documents_covers_the_true_score_where_that_by_rows_does_not() -> None:
    drawn = [grouped(seed) for seed in range(100)]
    by_document = [accuracy.bounds(labels, answers, 7, documents) for labels, answers, documents in drawn]
    by_row = [accuracy.bounds(labels, answers, 7) for labels, answers, _ in drawn]
    assert sum(low <= 0.8 <= high for low, high in by_document) >= 89
    assert sum(low <= 0.8 <= high for low, high in by_row) < 75
