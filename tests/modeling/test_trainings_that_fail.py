"""Trainings that go wrong end with a reason or a finding, and never with a worse model than they had."""

from pathlib import Path
from typing import Any

import pytest
import torch

from retune.core.errors import UserError
from retune.modeling import predictor
from retune.modeling.heads.pooled import PooledLearner
from retune.modeling.health import WINDOW
from retune.modeling.pooled import PooledClassifier
from tests.modeling.conftest import toy_rows
from tests.modeling.test_train import run

LONG: dict[str, Any] = {"epochs": 30, "patience": 30, "select_by": "loss", "dropout": 0.0}


@pytest.mark.case("TR-7")
def test_a_gradient_that_is_no_number_stops_with_its_reason(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = PooledLearner.start

    def started(self: PooledLearner) -> list[int]:
        positions = start(self)
        self.module.head.weight.register_hook(lambda gradient: gradient * float("inf"))  # type: ignore[no-untyped-call]
        return positions

    monkeypatch.setattr(PooledLearner, "start", started)
    with pytest.raises(UserError, match=r"finite gradients; found (nan|inf) at step 1"):
        run(tiny_base, tmp_path)
    assert not (tmp_path / "model").exists()


@pytest.mark.case("TR-7")
def test_a_training_that_diverges_ends_with_the_best_weights_until_then(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, loss = [0], PooledClassifier.loss

    def fleeing(self: PooledClassifier, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        steps[0] += self.training
        return loss(self, logits, labels) + 9 * (steps[0] > 40)

    monkeypatch.setattr(PooledClassifier, "loss", fleeing)
    fitted, model = run(tiny_base, tmp_path, **LONG)
    assert "at its lowest" in fitted.facts["findings"]["diverged"]
    assert 40 < fitted.facts["steps"] < 40 + WINDOW < 30 * 5
    best, start = fitted.facts["validation_best"], fitted.facts["validation_start"]
    assert best["validation_loss"] < start["validation_loss"]
    assert len(predictor.load(model).predict(["pay slip"])) == 1


@pytest.mark.case("TR-7")
def test_learning_by_heart_is_a_finding_with_its_step(tiny_base: Path, tmp_path: Path) -> None:
    rows = toy_rows(12)
    rows["label"] = rows["label"].sample(frac=1, random_state=3).to_numpy()  # nothing but their noise can be learnt
    fitted, _ = run(tiny_base, tmp_path, rows, learning_rate=0.01, method="full", tuned_shares=[1.0], **LONG)
    found = [event for event in fitted.events if "overfitting" in event["values"]]
    assert len(found) == 1
    step = int(fitted.facts["findings"]["overfitting"].split("after step ")[1].split()[0])
    assert step < found[0]["step"]
    assert fitted.facts["best_step"] <= found[0]["step"]
