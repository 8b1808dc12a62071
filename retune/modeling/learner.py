"""What every head promises to a training: a module with a loss, its items, its start, and what it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import torch
from torch import nn

from retune.modeling import layering, machine, steps

if TYPE_CHECKING:
    from retune.modeling.bench import Bench

Tensors = dict[str, torch.Tensor]


class Item(Protocol):
    """One row as a training sees it; its length is in tokens, by which batches are cut."""

    def __len__(self) -> int: ...


class Module(nn.Module):
    """A base, `body`, which a method adapts, under a head; called with a batch it gives {"loss": ...}."""

    body: nn.Module


@dataclass
class Reference:
    """What a model in memory gives for made-up rows: the reloaded one must give the same."""

    examples: list[dict[str, str]]
    numbers: list[list[float]]


class Learner:
    """Turns rows into items, gives the module the weights from which it learns, and scores it on validation rows."""

    HAS_PROBE: ClassVar[bool] = False
    module: Module
    items: Sequence[Any]

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def collate(self, items: Sequence[Any]) -> Tensors:
        """Return one batch."""
        raise NotImplementedError

    def batches(self, items: Sequence[Any], epoch: int) -> list[list[int]]:
        """Return the places among `items` of the rows of each optimiser step; every epoch has as many steps."""
        params = self.bench.plan.params
        return steps.grouped_by_length([len(item) for item in items], params.batch_size, params.seed, epoch)

    def weight(self, item: Any) -> float:  # noqa: ARG002 # here every row counts alike
        """Return over how many targets of an item the loss is a mean: the parts of a step are weighed by it."""
        return 1.0

    def warm_up(self, place: Path) -> None:
        """Do what comes before tuning, kept in the folder `place` for an attempt after a kill."""

    def start(self) -> list[int]:
        """Give the module the weights that tuning starts from; return the positions of the items to tune on."""
        plan, layer = self.bench.plan, self.bench.plan.layer
        self.module.body = plan.method.adapt(self.module.body, plan.family, plan.method_settings)
        if layer is not None:
            layering.take_over(self.module.body, plan, layer.model)
        self.module.to(machine.device())
        return list(range(len(self.items))) if layer is None else layer.mix.positions

    def scores(self) -> dict[str, float]:
        """Return the task type's metrics on the validation rows, and `loss`, their mean loss."""
        raise NotImplementedError

    def findings(self) -> dict[str, Any]:
        """Return what a person should know of the data."""
        return {}

    def facts(self) -> dict[str, Any]:
        """Return what is true of this training on any clock, beyond what holds for every head."""
        return {}

    def reserved_seconds(self) -> float:
        """Return the seconds that the last answers of a training take, kept free under a time budget."""
        return 0.0

    def write(self, out: Path) -> dict[str, Any]:
        """Write the head's own files into the model folder; return what its page says of the head."""
        raise NotImplementedError

    def reference(self) -> Reference:
        """Return the numbers that this model gives for the task type's made-up rows."""
        raise NotImplementedError
