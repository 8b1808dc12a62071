"""Canaries that a model has seen stand out from those that it has not, and chance alone flags nobody."""

import math
from collections import Counter

import numpy as np
import pytest

from retune.core import memorisation
from retune.core.memorisation import (
    REFERENCES,
    canaries,
    exposure,
    flagged,
    permutation_p,
    ranks,
    references,
    report,
    tail,
)

WORDS, LABELS = [f"word{number}" for number in range(200)], ["pay", "badge", "repair"]


def test_canaries_are_the_same_for_a_seed_spread_over_the_groups_and_unlike_the_references() -> None:
    made = canaries(WORDS, LABELS, 32, seed=5)
    assert made == canaries(WORDS, LABELS, 32, seed=5) != canaries(WORDS, LABELS, 32, seed=6)
    assert Counter(canary.repeats for canary in made) == {0: 8, 1: 8, 4: 8, 16: 8}
    assert not {canary.text for canary in made} & {canary.text for canary in references(WORDS, LABELS, seed=5)}
    assert {canary.label for canary in made} <= set(LABELS)


def test_the_exposure_is_that_of_the_paper() -> None:
    assert exposure(1, 999) == pytest.approx(math.log2(1000))
    assert exposure(1000, 999) == 0
    mean = np.mean([exposure(rank, 999) for rank in range(1, 1001)])
    assert mean == pytest.approx(math.log2(math.e), abs=0.02)  # of a control that was never inserted


def test_a_tie_is_not_taken_for_memory() -> None:
    assert ranks([0.5, 0.1, 2.0], [0.5, 0.5, 1.0]) == [3, 1, 4]


@pytest.mark.case("ME-1")
def test_one_canary_of_sixteen_among_the_lowest_decides_nothing() -> None:
    assert tail(1, 16, 0.01) == pytest.approx(0.149, abs=0.001)
    assert tail(3, 16) > memorisation.ALPHA_TAIL > tail(4, 16)
    assert tail(0, 0) == tail(0, 16) == 1.0


@pytest.mark.case("ME-1")
def test_a_model_that_learnt_sixteen_canaries_is_flagged_and_one_that_saw_none_is_not() -> None:
    planted = canaries(WORDS, LABELS, 64, seed=5)
    false_alarms = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        of_references, untouched = rng.gamma(4, size=REFERENCES), rng.gamma(4, size=64)
        false_alarms += flagged(report(planted, untouched.tolist(), of_references.tolist(), 5)["groups"]["1"])
    assert false_alarms <= 2
    learnt = [loss / 50 if canary.repeats else loss for canary, loss in zip(planted, untouched, strict=True)]
    found = report(planted, learnt, of_references.tolist(), 5)
    assert flagged(found["inserted"])
    assert not flagged(found["groups"]["0"])
    assert found["groups"]["16"]["mean_exposure"] > 5 > found["groups"]["0"]["mean_exposure"]


def test_the_permutation_test_is_one_sided() -> None:
    controls = np.random.default_rng(1).normal(2, 0.5, 300).tolist()
    assert permutation_p([0.5] * 8, controls, 3) < 0.01
    assert permutation_p([4.0] * 8, controls, 3) > 0.99
    assert 0.1 < permutation_p([2.0] * 8, controls, 3) < 0.9
