"""What is on the bench while a model is trained: the plan, the base, its data, and the time that is left."""

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
from retune.modeling import bases, machine, needs
from retune.modeling.bases import BaseIdentity

if TYPE_CHECKING:
    from retune.modeling.layering import Layer

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
    task_settings: Settings
    layer: Layer | None = None  # the version that is continued, None where tuning starts from the base

    def name(self, kind: str) -> str:
        """Return the name of one of the parts."""
        module: ModuleType = getattr(self, kind)
        return module.__name__.rsplit(".", 1)[-1]

    @property
    def head(self) -> ModuleType:
        """Return the head of the task type."""
        return parts.find("retune.modeling.heads", self.task_type.HEAD)


@dataclass
class Bench:
    """A base on the bench with the rows [ROWS] of both sides, and the seconds that each phase took."""

    plan: Plan
    body: torch.nn.Module
    tokenizer: Any
    train: pd.DataFrame
    validation: pd.DataFrame
    bfloat16: bool
    deadline: float | None
    say: Say
    seconds: dict[str, float] = field(default_factory=dict)

    def seconds_left(self) -> float:
        """Return the seconds until the deadline, infinite without one."""
        return math.inf if self.deadline is None else self.deadline - time.monotonic()


def prepare(plan: Plan, train: pd.DataFrame, validation: pd.DataFrame, start: float, say: Say) -> Bench:
    """Fix the random numbers and load the base; raises UserError for parts that do not fit and for no rows."""
    params = plan.params
    if plan.task_type.HEAD not in plan.family.HEADS:
        raise UserError(
            expected=f"a family that can answer {plan.name('task_type')}: one with the head {plan.task_type.HEAD}",
            found=f"{plan.name('family')}, which has {', '.join(plan.family.HEADS)}",
            todo="Choose another family, or another task type, in params.yaml.",
        )
    if len(train) == 0 or len(validation) == 0:
        found = f"{len(train)} rows for training, {len(validation)} rows for validation"
        todo = "Look at the reports of the steps examples and split."
        raise UserError(expected="rows for training and for validation", found=found, todo=todo)
    needs.check(plan.method.NEEDS)
    machine.fix(params.seed, params.threads)
    body, tokenizer = plan.family.load(bases.locate(plan.base), **plan.head.LOAD)
    set_dropout(body, params.dropout)
    return Bench(
        plan=plan, body=body, tokenizer=tokenizer, train=train, validation=validation, say=say,
        bfloat16=machine.chooses_bfloat16(params.precision),
        deadline=start + params.time_budget_seconds if params.time_budget_seconds else None,
    )  # fmt: skip


def set_dropout(body: torch.nn.Module, share: float) -> None:
    """Set the dropout of every layer of the base."""
    for module in body.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share
