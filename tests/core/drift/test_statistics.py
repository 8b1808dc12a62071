from typing import Any

import numpy as np
import pytest
from scipy import stats

from retune.core.drift import statistics

RNG = np.random.default_rng(3)


@pytest.mark.case("DR-3")
def test_psi_is_as_computed_by_hand() -> None:
    assert statistics.psi([0.5, 0.5], [0.7, 0.3]) == pytest.approx(0.1695, abs=5e-5)
    assert statistics.psi([0.25] * 4, [0.4, 0.3, 0.2, 0.1]) == pytest.approx(0.2282, abs=5e-5)
    assert statistics.psi([0.2, 0.8], [0.2, 0.8]) == 0


def test_an_empty_cell_leaves_psi_finite() -> None:
    before, after = statistics.shares([40, 0]), statistics.shares([30, 10])
    assert before.sum() == pytest.approx(1)
    assert 0 < statistics.psi(before, after) < 10


def test_statistics_of_the_rows_as_seen_are_those_of_scipy() -> None:
    table = np.array([[30.0, 12.0, 0.0, 8.0], [10.0, 12.0, 0.0, 28.0]])
    expected = stats.chi2_contingency(table[:, [0, 1, 3]], correction=False).statistic
    assert statistics.chi_square(table) == pytest.approx(expected)
    values = RNG.integers(0, 12, 90).astype(np.float64)  # with many ties
    masks = statistics.assignments(90, 40, 3, seed=1)
    distance = stats.ks_2samp(values[:50], values[50:]).statistic
    assert statistics.kolmogorov_smirnov(masks, values)[0] == pytest.approx(distance)
    assert statistics.fewer_right((90, 100), (30, 40)) == pytest.approx(
        stats.fisher_exact([[90, 10], [30, 10]], alternative="greater").pvalue
    )


def test_mmd_is_the_unbiased_estimate_of_its_definition_under_every_assignment() -> None:
    vectors = RNG.normal(size=(25, 4)).astype(np.float32)
    kernel = statistics.gaussian_kernel(vectors).astype(np.float64)
    masks = statistics.assignments(25, 9, 4, seed=2)
    found = statistics.mmd_squared(masks, kernel.astype(np.float32))
    for mask, value in zip(masks, found, strict=True):
        window, reference = np.flatnonzero(mask == 1), np.flatnonzero(mask == 0)

        def mean(one: Any, other: Any) -> float:
            pairs = [kernel[i, j] for i in one for j in other if i != j]
            return float(np.mean(pairs))

        by_hand = mean(window, window) + mean(reference, reference) - 2 * mean(window, reference)
        assert value == pytest.approx(by_hand, abs=1e-5)


def test_holm_corrects_in_the_order_of_the_p_values() -> None:
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.6, 0.9]) == [1.0, 1.0]
    assert statistics.holm([]) == []


def test_an_assignment_moves_every_row_alike_and_keeps_the_sizes() -> None:
    masks = statistics.assignments(30, 10, 2000, seed=4)
    assert masks[0].tolist() == [0.0] * 20 + [1.0] * 10
    assert set(masks.sum(axis=1)) == {10.0}
    assert np.abs(masks[1:].mean(axis=0) - 1 / 3).max() < 0.06


@pytest.mark.parametrize("kind", ["shares", "numbers", "vectors"])
def test_without_a_change_p_falls_below_any_level_as_often_as_it_says(kind: str) -> None:
    p_values = np.array([p_of(kind, seed) for seed in range(400)])
    for level in (0.05, 0.2, 0.5):
        false_alarms = int((p_values <= level).sum())
        assert stats.binom.sf(false_alarms - 1, 400, level) > 1e-4, f"{false_alarms} of 400 at {level}"
        assert stats.binom.cdf(false_alarms, 400, level) > 1e-4, f"only {false_alarms} of 400 at {level}"


def p_of(kind: str, seed: int) -> float:
    """Return the p of a window of 20 rows against 40 of the same distribution."""
    rng = np.random.default_rng([seed, 5])
    masks = statistics.assignments(60, 20, 199, seed)
    if kind == "shares":
        codes = rng.choice(12, 60, p=rng.dirichlet(np.ones(12)))
        return statistics.p_value(statistics.chi_square(statistics.counted(masks, codes, 12)))
    if kind == "numbers":
        return statistics.p_value(statistics.kolmogorov_smirnov(masks, rng.integers(0, 30, 60).astype(np.float64)))
    kernel = statistics.gaussian_kernel(rng.normal(size=(60, 5)).astype(np.float32))
    return statistics.p_value(statistics.mmd_squared(masks, kernel))
