"""What the heads share that read texts in windows: a row is tuned on with all of its windows."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from retune.core import certainty, scoring
from retune.modeling import machine, validation, windows
from retune.modeling.learner import Learner

MEASURED_ITEMS = 64  # of validation, by which the time is known that its last answers take


class WindowLearner(Learner):
    """Learns from windows: `items` and, of the validation rows, `validation_items` have each a `window`."""

    validation_items: Sequence[Any]
    items_per_second = math.inf  # of answers, measured under a time budget

    def answer(self, items: Sequence[Any]) -> list[windows.Floats]:
        """Return the logits of each item, in the precision of the training."""
        raise NotImplementedError

    def compute(self, function: Any, items: Sequence[Any], lengths: Sequence[int]) -> list[windows.Floats]:
        """Return a function of the module for all items, each of its length, in the precision of the training."""
        self.module.eval()
        device = next(self.module.parameters()).device
        with machine.autocast(self.bench.bfloat16):
            return windows.compute(function, items, self.collate, lengths, device)

    def warm_up(self, place: Path) -> None:  # noqa: ARG002
        """Measure under a time budget how fast answers are."""
        if self.bench.deadline is None:
            return
        start = time.monotonic()
        asked = self.validation_items[:MEASURED_ITEMS]
        self.answer(asked)
        self.items_per_second = len(asked) / (time.monotonic() - start)

    def reserved_seconds(self) -> float:
        """Return the seconds that the last two answers of validation rows take."""
        return 1.2 * 2 * len(self.validation_items) / self.items_per_second

    def start(self) -> list[int]:
        """Adapt the body; return the positions of the windows of the rows to tune on."""
        positions = super().start()
        if self.bench.plan.layer is None:
            return positions
        rows = set(positions)
        return [place for place, item in enumerate(self.items) if item.window.row in rows]

    def certainty(self, answers: pd.DataFrame) -> list[float]:
        """Return slope and offset by which answers to the validation rows are as sure as they are right."""
        target = scoring.target(self.bench.plan.task_type.TARGET)
        pairs = zip(self.bench.validation["label"], answers["prediction"], strict=True)
        return [*certainty.fitted(list(answers["confidence"]), [target.is_right(*pair) for pair in pairs])]

    def is_late(self) -> bool:
        """Tell whether the time budget is used up, so that answers can no longer be calibrated."""
        if self.bench.deadline is None or time.monotonic() < self.bench.deadline:
            return False
        self.bench.say("no time is left to calibrate: confidences are as the head gives them")
        return True

    def metrics(self, predictions: Sequence[str]) -> dict[str, float]:
        """Return the task type's metrics of predictions for the validation rows."""
        return validation.scored(self.bench.plan.task_type, self.bench.validation, predictions)


def as_sure_as_right(answers: pd.DataFrame, curve: Sequence[float]) -> pd.DataFrame:
    """Return answers with the confidences that slope and offset give them."""
    return answers.assign(confidence=certainty.Curve(*curve)(answers["confidence"].to_numpy()))
