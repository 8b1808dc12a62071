import numpy as np
import pytest

from retune.core import resampling
from retune.core.statistics import wilson


def test_all_rows_of_a_document_are_drawn_together() -> None:
    documents = ["a", "a", "b", "c", "c", "c"]
    for weights in resampling.row_weights(documents, 6, seed=3, resamples=50):
        assert weights[0] == weights[1]
        assert weights[3] == weights[4] == weights[5]
        assert weights[0] + weights[2] + weights[3] == 3


def test_the_same_seed_draws_the_same() -> None:
    figures = np.arange(10.0).reshape(5, 2)
    found = resampling.resampled_sums(figures, None, seed=3)
    assert found.shape == (2000, 2)
    assert (found == resampling.resampled_sums(figures, None, seed=3)).all()
    assert (found != resampling.resampled_sums(figures, None, seed=4)).any()


@pytest.mark.case("EV-8")
def test_a_share_of_rows_that_stand_alone_is_known_as_wilson_says() -> None:
    hits = [True] * 85 + [False] * 15
    for documents in (None, [str(place) for place in range(100)]):
        assert resampling.share_bounds(hits, documents, 7) == pytest.approx((0.767, 0.907), abs=5e-4)


@pytest.mark.case("EV-8")
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_what_is_always_right_or_wrong_is_known_as_well_as_its_documents_are_many(value: float) -> None:
    documents = [f"document {place % 5}" for place in range(100)]
    known = wilson(round(5 * value), 5)
    assert resampling.mean_bounds([value] * 100, documents, 7) == (known.low, known.high)
    assert resampling.share_bounds([bool(value)] * 100, documents, 7) == (known.low, known.high)


def test_a_mean_that_lies_between_is_resampled() -> None:
    low, high = resampling.mean_bounds([0.2, 0.4, 0.6, 0.8] * 25, None, 7)
    error = np.std([0.2, 0.4, 0.6, 0.8]) / 10  # of the mean of 100 rows
    assert [low, high] == pytest.approx([0.5 - 1.96 * error, 0.5 + 1.96 * error], abs=0.005)
    assert resampling.mean_bounds([], None, 7) == (0.0, 1.0)


def test_documents_that_are_not_those_of_the_rows_are_refused() -> None:
    for ask in (resampling.share_bounds, resampling.mean_bounds):
        with pytest.raises(ValueError, match="2 documents were given for 3 rows"):
            ask([True, False, True], ["a", "b"], 7)
