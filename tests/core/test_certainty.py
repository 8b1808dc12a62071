import numpy as np
import pytest

from retune.core.certainty import Curve, fitted


def drawn(rows: int, slope: float, offset: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return what a model says of itself, and whether it was right by the curve."""
    draw = np.random.default_rng(seed)
    shares = draw.uniform(0.05, 0.999, rows)
    return shares, draw.random(rows) < Curve(slope, offset)(shares)


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.4, -1.5), (2.0, 1.0)])
def test_the_curve_is_found_that_tells_how_often_answers_are_right(slope: float, offset: float) -> None:
    found = fitted(*drawn(5000, slope, offset))
    assert found.slope == pytest.approx(slope, abs=0.1)
    assert found.offset == pytest.approx(offset, abs=0.15)


def test_answers_are_then_as_sure_as_they_are_right() -> None:
    shares, right = drawn(3000, 0.5, -2.0)
    sure = fitted(shares, right)(shares)
    for low, high in ((0, 0.2), (0.2, 0.4), (0.4, 1)):
        inside = (sure >= low) & (sure < high)
        assert sure[inside].mean() == pytest.approx(right[inside].mean(), abs=0.05)


def test_rows_that_are_all_right_do_not_make_a_model_certain() -> None:
    assert fitted([0.999] * 10, [True] * 10)([0.999]) < 0.9999
    assert fitted([0.999] * 10, [False] * 10)([0.999]) < 0.5


def test_surer_answers_are_never_less_sure_afterwards() -> None:
    shares = np.linspace(0.01, 0.99, 200)
    curve = fitted(shares, list(shares < 0.5))
    assert (np.diff(curve(shares)) >= 0).all()
    assert curve(shares).mean() == pytest.approx(0.5, abs=0.02)


def test_no_rows_change_nothing() -> None:
    assert fitted([], [])([0.25, 0.75]) == pytest.approx([0.25, 0.75])
    assert np.isfinite(Curve()([0.0, 1.0])).all()
