"""What is on the bench while a model is trained: the plan, the model, its data, and the time that is left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from retune.core import parts
from retune.core.errors import UserError
from retune.core.params.base import Settings
from retune.core.params.train import TrainParams
from retune.modeling import bases, batches, machine, probe
from retune.modeling.bases import BaseIdentity
from retune.modeling.pooled import PooledClassifier

if TYPE_CHECKING:
    from retune.modeling.layering import Layer

CALIBRATED_ROWS = 200  # under a time budget: one number is known well enough from so many
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is to be trained: the model's parts, its base, and its settings."""

    task_type: ModuleType
    family: ModuleType
    method: ModuleType
    base: BaseIdentity
    params: TrainParams
    method_settings: Settings
    layer: Layer | None = None  # the version that is continued, None where tuning starts from the base

    def name(self, kind: str) -> str:
        """Return the name of one of the parts."""
        module: ModuleType = getattr(self, kind)
        return module.__name__.rsplit(".", 1)[-1]


@dataclass
class Bench:
    """A model on the bench: its data as token ids, and the seconds that each phase took."""

    plan: Plan
    labels: list[str]
    module: PooledClassifier
    tokenizer: Any
    rows: batches.Rows
    codes: probe.Codes
    validation_rows: batches.Rows
    validation: pd.DataFrame
    bfloat16: bool
    deadline: float | None
    say: Say
    seconds: dict[str, float] = field(default_factory=dict)
    rows_per_second: float = math.inf  # of embedding, measured under a time budget

    def compute(self, function: Callable[..., torch.Tensor], rows: batches.Rows, width: int) -> probe.Floats:
        """Return a function of the module for all rows, in the precision of the training."""
        self.module.eval()
        with machine.autocast(self.bfloat16):
            return batches.compute(
                function, rows, self.tokenizer.pad_token_id, width, device=next(self.module.parameters()).device
            )

    @property
    def truth(self) -> probe.Codes:
        """Return the classes of the validation rows."""
        codes: probe.Codes = self.plan.task_type.encode(self.validation["label"], self.labels)
        return codes

    def seconds_to_tune(self) -> float:
        """Return the seconds until the deadline, less those that the last two answers of validation rows take."""
        if self.deadline is None:
            return math.inf
        answered = len(self.validation_rows) + len(self.calibrated_on())
        return self.deadline - time.monotonic() - 1.2 * answered / self.rows_per_second

    def calibrated_on(self) -> batches.Rows:
        """Return the validation rows by which the temperature is fitted: all, or the first ones under a budget."""
        return self.validation_rows if self.deadline is None else self.validation_rows[:CALIBRATED_ROWS]

    def scores(self) -> dict[str, float]:
        """Return how the module answers the validation rows."""
        logits = self.compute(self.module.classify, self.validation_rows, len(self.labels))
        return score(self.plan.task_type, logits, self.validation["label"], self.truth, self.labels)


def prepare(plan: Plan, train: pd.DataFrame, validation: pd.DataFrame, start: float, say: Say) -> Bench:
    """Fix the random numbers, load the base and turn texts into token ids."""
    params, labels = plan.params, plan.task_type.labels_of(train)
    if len(labels) < 2 or len(validation) == 0:
        found = f"{len(labels)} labels in {len(train)} rows, {len(validation)} rows for validation"
        todo = "Look at the reports of the steps examples and split."
        raise UserError(expected="two labels or more, and rows for validation", found=found, todo=todo)
    machine.fix(params.seed, params.threads)
    encoder, tokenizer = plan.family.load(bases.locate(plan.base))
    set_dropout(encoder, params.dropout)
    width = int(encoder.config.hidden_size)
    module = PooledClassifier(encoder, plan.family, width, len(labels), params.label_smoothing).to(machine.device())
    return Bench(
        plan=plan, labels=labels, module=module, tokenizer=tokenizer, say=say, validation=validation,
        rows=batches.tokenise(tokenizer, list(train["text"]), params.max_length),
        codes=plan.task_type.encode(train["label"], labels),
        validation_rows=batches.tokenise(tokenizer, list(validation["text"]), params.max_length),
        bfloat16=machine.chooses_bfloat16(params.precision),
        deadline=start + params.time_budget_seconds if params.time_budget_seconds else None,
    )  # fmt: skip


def set_dropout(encoder: torch.nn.Module, share: float) -> None:
    """Set the dropout of every layer of the base."""
    for module in encoder.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share


def score(
    task_type: ModuleType, logits: probe.Floats, labels: pd.Series, truth: probe.Codes, known: list[str]
) -> dict[str, float]:
    """Return the task type's metrics and the mean loss over the rows whose label is known."""
    predictions = task_type.decode(logits, known)["prediction"]
    result = {
        name: float(parts.find("retune.core.metrics", name).score(list(labels), list(predictions)))
        for name in task_type.METRICS
    }
    rows = torch.from_numpy(logits)
    loss = torch.nn.functional.cross_entropy(rows, torch.from_numpy(truth)) if (truth >= 0).any() else torch.zeros(())
    return {**result, "loss": float(loss)}
