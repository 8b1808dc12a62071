import math
from typing import Any

import pytest

from retune.modeling.health import WINDOW, Divergence, evaluations_since_best, overfitting_since

Log = list[dict[str, Any]]


def test_equal_scores_are_decided_by_the_loss_and_then_by_the_earlier() -> None:
    def log(*pairs: tuple[float, float]) -> Log:
        return [{"validation_macro_f1": score, "validation_loss": loss} for score, loss in pairs]

    assert evaluations_since_best(log((0.5, 1.0), (0.6, 1.0), (0.6, 0.9)), "macro_f1") == 0
    assert evaluations_since_best(log((0.5, 1.0), (0.6, 0.9), (0.6, 0.9)), "macro_f1") == 1
    assert evaluations_since_best(log((0.5, 0.8), (0.6, 0.9)), "loss") == 1


def log_of(*pairs: tuple[float, float], start: float = 1.0) -> Log:
    """Return the log of a training with two steps before each evaluation: their loss, and that of validation."""
    lines: Log = [{"step": 0, "validation_loss": start}]
    for number, (training, validation) in enumerate(pairs):
        lines += [{"step": 2 * number + place, "loss": training} for place in (1, 2)]
        lines.append({"step": 2 * number + 2, "validation_loss": validation})
    return lines


@pytest.mark.case("TR-7")
@pytest.mark.parametrize(
    ("pairs", "step"),
    [
        ([(0.9, 0.8), (0.7, 0.7), (0.5, 0.75), (0.4, 0.8), (0.3, 0.9)], 4),  # three rises after step 4
        ([(0.9, 0.8), (0.7, 0.7), (0.5, 0.75), (0.4, 0.8), (0.3, 0.7)], None),  # two rises, then a fall
        ([(0.9, 0.8), (0.7, 0.7), (0.8, 0.75), (0.9, 0.8), (0.95, 0.9)], None),  # training loss rises too
        ([(0.9, 0.8), (0.7, 0.85), (0.5, 0.6), (0.4, 0.7), (0.3, 0.8), (0.2, 0.9), (0.1, 0.5)], 6),  # and later fell
        ([], None),
    ],
)
def test_learning_by_heart_is_named_with_the_step_since_which(pairs: list[tuple[float, float]], step: int) -> None:
    assert overfitting_since(log_of(*pairs)) == step


def sees(losses: list[float]) -> list[int]:
    watch = Divergence()
    return [place for place, loss in enumerate(losses) if watch.sees(loss)]


@pytest.mark.case("TR-7")
def test_a_loss_that_flees_is_seen_within_a_stretch() -> None:
    falling = [2.0 * math.exp(-place / 40) + 0.2 for place in range(100)]
    fled = sees(falling + [5.0] * WINDOW)
    assert 100 + WINDOW // 2 - 1 <= fled[0] <= 100 + WINDOW // 2 + 1


def test_a_loss_that_only_trembles_or_starts_low_does_not_flee() -> None:
    assert sees([0.5 + 0.45 * (-1) ** place for place in range(200)]) == []
    assert sees([0.2] * 30 + [0.1] * 30 + [9.0] * 5 + [0.1] * 30) == [], "five hard steps are not a stretch"
    assert sees([1.0] * 30 + [0.1] * 30 + [0.9] * 60) == [], "no worse than it began"
