from itertools import product

import numpy as np
import pytest

from retune.core.metrics import entity_f1
from retune.core.paired import compare_counts, compare_values, sign_flip
from tests.core.metrics import toys


def test_the_p_is_that_of_all_signs() -> None:
    gains = np.array([0.3, 0.1, 0.25, -0.05, 0.4, 0.15, -0.2, 0.35])
    all_signs = np.array(list(product([-1, 1], repeat=len(gains))))
    exact = np.mean(np.abs(all_signs @ gains) >= abs(gains.sum()) - 1e-9)
    assert sign_flip(gains, seed=3) == pytest.approx(exact, abs=0.012)


def test_neither_order_nor_rows_that_are_alike_change_what_is_found() -> None:
    first, second = [0.2, 0.5, 0.0, 0.9, 0.4] * 6, [0.4, 0.5, 0.3, 0.8, 0.7] * 6
    found, turned = compare_values(first, second, 7), compare_values(second, first, 7)
    assert (found.won, found.lost, found.rows) == (18, 6, 30)
    assert (turned.won, turned.lost) == (6, 18)
    assert turned.gain == -found.gain == pytest.approx(-0.14)
    assert turned.p == found.p < 0.01
    assert found.gain_low < found.gain < found.gain_high
    assert found.gain_low > 0


def test_equal_values_show_nothing() -> None:
    found = compare_values([0.5] * 20, [0.5] * 20, 7)
    assert (found.p, found.gain, found.won, found.lost) == (1.0, 0.0, 0, 0)
    assert compare_values([], [], 7).p == 1.0


def test_rows_that_a_document_repeats_are_no_further_evidence() -> None:
    first, second = [0.2, 0.5, 0.0, 0.9], [0.4, 0.5, 0.3, 0.8]
    once = compare_values(first, second, 7)
    ids = ["a", "b", "c", "d"]
    assert compare_values(first * 20, second * 20, 7, ids * 20).p == pytest.approx(once.p, abs=0.02)
    assert compare_values(first * 20, second * 20, 7).p < 0.01
    with pytest.raises(ValueError, match="documents"):
        compare_values(first, second, 7, ids[:3])


def test_chance_alone_is_called_a_difference_one_time_in_twenty() -> None:
    draw = np.random.default_rng(5)
    small = [sign_flip(draw.normal(size=40) * draw.random(40), seed) < 0.05 for seed in range(300)]
    assert 6 <= sum(small) <= 26  # 15 expected; outside once in 100 times


def test_a_gain_shows_as_its_interval_leaves_zero() -> None:
    draw = np.random.default_rng(6)
    agreed = 0
    for seed in range(30):
        first = draw.random(120)
        found = compare_values(list(first), list(first + draw.normal(0.03, 0.15, 120)), seed)
        agreed += (found.p < 0.05) == (found.gain_low > 0 or found.gain_high < 0)
    assert agreed >= 28


def test_a_gain_of_counts_is_the_difference_of_the_scores_and_turns_with_the_models() -> None:
    worse, better = (toys.tags(200, right, 4) for right in (0.8, 0.9))
    first, second = (entity_f1.counts(toy.truth, toy.answers) for toy in (worse, better))
    found, turned = (compare_counts(*sides, entity_f1.of_counts, 7) for sides in ((first, second), (second, first)))
    scores = [entity_f1.score(toy.truth, toy.answers) for toy in (worse, better)]
    assert found.gain == pytest.approx(scores[1] - scores[0])
    assert turned.gain == -found.gain
    assert (turned.won, turned.lost, turned.p) == (found.lost, found.won, found.p)
    assert found.p < 0.01
    assert found.gain_low < found.at_least < found.gain < found.gain_high


def test_equal_counts_show_nothing_and_too_few_of_them_rule_no_loss_out() -> None:
    counts = entity_f1.counts([["B-PER"]] * 20, [["B-PER"]] * 20)
    found = compare_counts(counts, counts, entity_f1.of_counts, 7)
    assert (found.p, found.gain, found.won, found.lost) == (1.0, 0.0, 0, 0)
    assert found.at_least == pytest.approx(compare_values([1.0] * 20, [1.0] * 20, 7).at_least)
    assert found.at_least < -0.1


def test_counts_of_one_document_change_hands_together() -> None:
    toys_of = [toys.tags(30, right, 5) for right in (0.8, 0.85)]
    first, second = (entity_f1.counts(toy.truth, toy.answers) for toy in toys_of)
    ids = [f"doc {row}" for row in range(30)]
    once = compare_counts(first, second, entity_f1.of_counts, 7, ids).p
    often = compare_counts(np.tile(first, (20, 1)), np.tile(second, (20, 1)), entity_f1.of_counts, 7, ids * 20).p
    assert often == pytest.approx(once, abs=0.05)
