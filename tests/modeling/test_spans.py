import itertools

import numpy as np
import pytest

from retune.modeling.spans import best, threshold


def drawn(tokens: int, seed: int) -> np.ndarray:
    """Return log-probabilities [1 + tokens, 2] of a window."""
    scores = np.random.default_rng(seed).normal(size=(1 + tokens, 2)) * 2
    found: np.ndarray = scores - np.log(np.exp(scores).sum(axis=0))
    return found


def by_hand(windows: list[np.ndarray], longest: int) -> dict[tuple[int, int, int], float]:
    """Return the odds of every legal answer."""
    found = {}
    for place, window in enumerate(windows):
        none = window[0].sum()
        for begin, end in itertools.product(range(len(window) - 1), repeat=2):
            if 0 <= end - begin < longest:
                found[place, begin, end] = window[1 + begin, 0] + window[1 + end, 1] - none
    return found


@pytest.mark.parametrize("longest", [1, 3, 20])
@pytest.mark.parametrize("seed", range(5))
def test_the_best_answer_of_all_windows_is_found_with_its_share(longest: int, seed: int) -> None:
    windows = [drawn(tokens, seed + tokens) for tokens in (6, 0, 9)]
    odds = by_hand(windows, longest)
    expected = max(odds, key=lambda place: odds[place])
    found = best(windows, longest)
    assert (found.window, found.begin, found.end) == expected
    assert found.odds == pytest.approx(odds[expected])
    total = 1 + sum(np.exp(list(odds.values())))
    assert found.share == pytest.approx(np.exp(odds[expected]) / total)
    assert found.no_answer == pytest.approx(1 / total)


def test_an_empty_passage_has_no_answer() -> None:
    found = best([np.zeros((1, 2))], 5)
    assert (found.odds, found.share, found.no_answer) == (-np.inf, 0.0, 1.0)


def test_tokens_that_may_not_begin_or_end_an_answer_never_do() -> None:
    window = drawn(4, 1)
    window[1:, 0] = -np.inf
    assert best([window], 3).odds == -np.inf
    window[2, 0] = -1.0
    assert best([window], 3).begin == 1


@pytest.mark.parametrize("seed", range(10))
def test_no_threshold_answers_the_rows_better(seed: int) -> None:
    draw = np.random.default_rng(seed)
    odds = draw.normal(size=30).round(1)
    gained, none = draw.random(30) * (draw.random(30) < 0.6), (draw.random(30) < 0.4).astype(float)
    found = threshold(odds, gained, none)
    tried = [np.where(odds >= cut, gained, none).sum() for cut in np.arange(-5, 5, 0.05)]
    assert np.where(odds >= found, gained, none).sum() == pytest.approx(max(tried))


def test_where_no_row_gains_by_no_answer_there_always_is_one() -> None:
    assert threshold(np.array([1.0, -3.0]), np.array([0.5, 0.0]), np.array([0.0, 0.0])) == -np.inf
    assert threshold(np.zeros(0), np.zeros(0), np.zeros(0)) == -np.inf
