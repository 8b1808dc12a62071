"""How far seeds move a score, and when a gain is more than that."""

import numpy as np
import pytest

from retune.core.noise import spread


def test_trainings_that_differ_by_seed_alone_lie_within_the_floor_95_times_in_100() -> None:
    rng = np.random.default_rng(4)
    outside = 0
    for _ in range(4000):
        *others, champion = rng.normal(0.9, 0.01, 5)
        found = spread(others, champion, rows=10**9)
        outside += abs(found.gain) > found.floor
    assert 0.04 < outside / 4000 < 0.06


def test_more_seeds_narrow_the_floor() -> None:
    few, many = spread([0.89, 0.91, 0.9], 0.85, 1000), spread([0.89, 0.91, 0.9] * 4, 0.85, 1000)
    assert few.gain == pytest.approx(many.gain)
    assert few.floor > 1.5 * many.floor


def test_seeds_that_all_answer_alike_still_leave_one_row_of_noise() -> None:
    found = spread([0.9, 0.9, 0.9], 0.895, rows=200)
    assert found.floor == 1 / 200
    assert found.against(0.0) == "uncertain"


@pytest.mark.parametrize(
    ("champion", "least", "verdict"),
    [(0.85, 0.0, "shown"), (0.897, 0.0, "uncertain"), (0.95, 0.0, "refuted"), (0.91, -0.05, "shown")],
)
def test_the_verdict_says_on_which_side_the_gain_lies(champion: float, least: float, verdict: str) -> None:
    assert spread([0.9, 0.902, 0.898, 0.9], champion, 1000).against(least) == verdict


def test_two_trainings_say_nothing() -> None:
    with pytest.raises(ValueError, match="2 trainings"):
        spread([0.9, 0.91], 0.85, 200)
