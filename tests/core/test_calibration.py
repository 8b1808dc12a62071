from typing import Any

import numpy as np
import pytest

from retune.core.calibration import COLDEST, report, softmax, temperature

LOGITS = np.random.default_rng(3).normal(size=(4000, 4)) * 3


def drawn(logits: np.ndarray, seed: int = 5) -> np.ndarray:
    """Return a class per row, drawn by the probabilities of its logits."""
    chances = softmax(logits).cumsum(axis=1)
    codes: np.ndarray = (np.random.default_rng(seed).random((len(logits), 1)) > chances).sum(axis=1)
    return codes


def measured(logits: np.ndarray, codes: np.ndarray, by: float) -> dict[str, Any]:
    before, after = softmax(logits), softmax(logits / by)
    right = logits.argmax(axis=1) == codes
    return report(after.max(axis=1), before.max(axis=1), right, temperature=by, documents=None, seed=1)


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_the_temperature_is_found_by_which_the_logits_are_off(true: float) -> None:
    assert temperature(LOGITS * true, drawn(LOGITS)) == pytest.approx(true, rel=0.08)


def test_after_the_temperature_a_model_is_as_sure_as_it_is_right() -> None:
    codes, loud = drawn(LOGITS), LOGITS * 3
    found = measured(loud, codes, temperature(loud, codes))
    assert found["ece_before"] > 0.1
    assert found["ece"]["value"] < 0.03
    assert found["ece"]["low"] <= found["ece"]["value"] <= found["ece"]["high"]
    assert found["temperature"] == pytest.approx(3, rel=0.08)


def test_rows_that_are_all_right_do_not_make_a_model_certain() -> None:
    found = temperature(LOGITS[:20], LOGITS[:20].argmax(axis=1))
    assert found > COLDEST * 1.01
    assert softmax(LOGITS[:20] / found).max(axis=1).mean() < 0.99


def test_classes_that_the_model_does_not_know_do_not_count() -> None:
    codes = drawn(LOGITS)
    unknown = np.where(np.arange(len(codes)) % 3 == 0, -100, codes)
    known = unknown >= 0
    assert temperature(LOGITS, unknown) == temperature(LOGITS[known], codes[known])
    assert temperature(LOGITS, np.full(len(codes), -100)) == 1.0


def test_the_bins_hold_every_row_once() -> None:
    codes = drawn(LOGITS)
    found = measured(LOGITS, codes, 1.0)
    bins: list[dict[str, float]] = found["bins"]
    assert sum(one["rows"] for one in bins) == len(codes)
    assert all(one["low"] < one["confidence"] <= one["high"] for one in bins)
    error = sum(one["rows"] * abs(one["accuracy"] - one["confidence"]) for one in bins) / len(codes)
    assert error == pytest.approx(found["ece"]["value"])


def test_confidence_is_scored_by_its_squared_distance_from_what_came() -> None:
    found = report(
        np.array([0.9, 0.6]), np.array([0.9, 0.6]), np.array([True, False]), temperature=1.0, documents=None, seed=1
    )
    assert found["brier"] == pytest.approx((0.1**2 + 0.6**2) / 2)
