import math
from functools import cache

import numpy as np
import pytest

from retune.core import statistics


@pytest.mark.case("EV-5")
@pytest.mark.parametrize(
    ("b", "c", "p"),
    [(1, 9, 0.0215), (2, 8, 0.1094), (5, 15, 0.0414), (10, 20, 0.0987), (0, 5, 0.0625), (0, 6, 0.0312)],
)
def test_the_exact_paired_test_gives_the_known_p(b: int, c: int, p: float) -> None:
    assert statistics.mcnemar_exact(b, c) == pytest.approx(p, abs=0.00006)
    assert statistics.mcnemar_exact(c, b) == statistics.mcnemar_exact(b, c)


@pytest.mark.case("EV-7")
@pytest.mark.parametrize("differing", [0, 3, 10])
def test_no_difference_gives_p_one(differing: int) -> None:
    assert statistics.mcnemar_exact(differing, differing) == 1.0


@pytest.mark.case("EV-6")
def test_the_paired_test_sees_what_the_unpaired_one_does_not() -> None:
    labels = ["a"] * 200
    first = ["b"] * 40 + ["a"] * 160  # 0.80
    second = ["b"] * 25 + ["a"] * 15 + ["b"] * 5 + ["a"] * 155  # 0.85: 15 won, 5 lost
    paired = statistics.compare(labels, first, second)
    assert (paired.b, paired.c) == (5, 15)
    assert paired.gain == pytest.approx(0.05)
    assert paired.p == pytest.approx(0.041, abs=0.0005)
    z = 0.05 / math.sqrt(2 * 0.825 * 0.175 / 200)
    assert math.erfc(z / math.sqrt(2)) == pytest.approx(0.187, abs=0.004)
    assert paired.gain_low > 0


@pytest.mark.case("EV-8")
def test_widths_are_the_known_ones() -> None:
    assert 100 * statistics.half_width(0.7, 200) == pytest.approx(6.4, abs=0.05)
    assert statistics.rows_for_half_width(0.7, 0.025) == 1291
    interval = statistics.wilson(85, 100)
    assert [interval.low, interval.high] == pytest.approx([0.767, 0.907], abs=5e-4)


def test_an_interval_of_nothing_excludes_nothing_and_one_of_everything_stays_below_one() -> None:
    assert statistics.wilson(0, 0) == statistics.Interval(0.0, 0.0, 1.0)
    assert statistics.wilson(20, 20).high == 1.0
    assert statistics.wilson(0, 20).low == 0.0


def test_resampled_bounds_of_a_share_agree_with_wilson_and_with_themselves() -> None:
    draws = statistics.resampled_counts(np.array([850, 150]), seed=1)
    low, high = statistics.percentile_bounds(draws[:, 0] / 1000)
    known = statistics.wilson(850, 1000)
    assert [low, high] == pytest.approx([known.low, known.high], abs=0.004)
    assert (draws == statistics.resampled_counts(np.array([850, 150]), seed=1)).all()


def test_the_paired_interval_covers_the_true_gain_nineteen_times_in_twenty() -> None:
    rows, lost, won = 300, 0.04, 0.10
    draws = np.random.default_rng(5).multinomial(rows, [lost, won, 1 - lost - won], size=1000)
    bounds = [statistics.gain_bounds(int(b), int(c), rows) for b, c, _ in draws]
    assert np.mean([low <= won - lost <= high for low, high in bounds]) == pytest.approx(0.95, abs=0.02)


def test_the_bound_of_a_paired_gain_is_the_published_one() -> None:
    # Airway data in Fagerland, Lydersen and Laake (2014): 1 and 7 of 21 pairs differ, 95 % interval -0.517 to -0.026.
    assert statistics._tango(7, 1, 21, -0.5172) == pytest.approx(statistics.Z_95, abs=0.001)
    assert statistics._tango(1, 7, 21, 0.0260) == pytest.approx(statistics.Z_95, abs=0.001)


def test_the_bound_of_a_paired_gain_lies_below_the_true_gain_nineteen_times_in_twenty() -> None:
    draw, bound = np.random.default_rng(11), cache(statistics.gain_at_least)
    for rows in (100, 300):
        for lost, won in ((0.02, 0.02), (0.05, 0.03), (0.10, 0.08), (0.04, 0.10)):
            counts = draw.multinomial(rows, [lost, won, 1 - lost - won], size=3000)
            share = np.mean([bound(int(b), int(c), rows) <= won - lost + 1e-9 for b, c, _ in counts])
            assert 0.935 <= share <= 0.985, (rows, lost, won, share)


def test_alike_answers_on_few_rows_show_little() -> None:
    z_squared = statistics.Z_95_ONE_SIDED**2
    for rows in (24, 133, 1000):
        assert statistics.best_margin(rows) == pytest.approx(z_squared / (rows + z_squared), abs=1e-6)
    assert statistics.gain_at_least(0, 0, 0) == -1.0
    assert statistics.gain_at_least(20, 0, 20) == -1.0
    assert statistics.gain_at_least(0, 20, 20) < 1.0


def test_the_computed_power_is_the_share_of_simulated_tests_that_show_the_gain() -> None:
    rows, gain, discordance = 200, 0.05, 0.10
    lost, won = (discordance - gain) / 2, (discordance + gain) / 2
    draws = np.random.default_rng(7).multinomial(rows, [lost, won, 1 - discordance], size=3000)
    shown = [c > b and statistics.mcnemar_exact(int(b), int(c)) < 0.05 for b, c, _ in draws]
    assert statistics.paired_power(rows, gain, discordance, 0.05) == pytest.approx(np.mean(shown), abs=0.03)


def test_the_smallest_gain_is_where_the_power_reaches_four_in_five() -> None:
    gain = statistics.smallest_gain(500, 0.08, 0.05)
    assert gain is not None
    at, below = (
        statistics.paired_power(500, g, statistics.likely_discordance(g, 0.08), 0.05) for g in (gain, gain - 0.002)
    )
    assert at >= 0.8 > below


def test_a_handful_of_rows_can_show_nothing() -> None:
    assert statistics.smallest_gain(5, 0.0, 0.05) is None
    assert statistics.paired_power(5, 0.05, 0.1, 0.05) == 0.0
