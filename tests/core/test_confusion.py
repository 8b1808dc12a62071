import numpy as np
import pytest

from retune.core import confusion

LABELS = ["a", "a", "a", "b", "b", "c"]
PREDICTIONS = ["a", "a", "b", "b", "", "d"]


@pytest.mark.case("EV-1", "EV-2")
def test_each_pair_is_counted_and_no_answer_has_its_own_column() -> None:
    found = confusion.confusion(LABELS, PREDICTIONS)
    assert found.labels == ["a", "b", "c", "d"]
    assert found.counts.tolist() == [[2, 1, 0, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]


@pytest.mark.case("EV-1")
def test_f1_by_hand() -> None:
    # a: 2 hits of 3 true, 2 predicted; b: 1 hit of 2 true, 2 predicted; c is never predicted, d never true
    assert confusion.f1_per_label(confusion.confusion(LABELS, PREDICTIONS)).tolist() == [0.8, 0.5, 0.0, 0.0]


def test_a_label_that_a_draw_does_not_hold_has_no_score_in_it() -> None:
    draws = confusion.resampled_f1(confusion.confusion(["a"] * 50 + ["b"], ["a"] * 50 + ["b"]), seed=1)
    assert np.isnan(draws[:, 1]).mean() == pytest.approx(np.exp(-1), abs=0.04)
    assert np.nanmin(draws) == 1.0
