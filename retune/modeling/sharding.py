"""Weights that are shared out over the processes (FSDP2 of torch): a layer is whole only while it computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict, set_optimizer_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from transformers import TrainingArguments

from retune.modeling import distributed, machine
from retune.modeling.journal import Journal
from retune.modeling.learner import Learner, Tensors
from retune.modeling.trainer import Scores, Tuner

OPTIMISER, SCHEDULE = "optimizer.pt", "scheduler.pt"


class Shared(nn.Module):
    """A module whose weights are shared out already: accelerate leaves it alone."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, **batch: Any) -> Any:
        """Return what the module gives."""
        return self.module(**batch)


class SharedTuner(Tuner):
    """Trains as Tuner does, while each process keeps its part of every weight, gradient and moment."""

    def __init__(
        self, learner: Learner, positions: Sequence[int], arguments: TrainingArguments, *, journal: Journal,
        seconds: float,
    ) -> None:  # fmt: skip
        super().__init__(learner, positions, arguments, journal=journal, seconds=seconds)
        share_out(learner.module, learner.bench.plan.family.blocks(learner.module.body))

    def _wrap_model(self, model: nn.Module, training: bool = True, dataloader: Any = None) -> Shared:  # noqa: ARG002
        return model if isinstance(model, Shared) else Shared(model)

    def training_step(self, model: nn.Module, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """Compute the gradients of a step's rows in the precision of the training."""
        with machine.autocast(self.learner.bench.bfloat16):
            return super().training_step(model, inputs, num_items_in_batch)

    def _clip_grad_norm(self, model: nn.Module) -> torch.Tensor:
        return whole(super()._clip_grad_norm(model))  # type: ignore[no-untyped-call]

    def _get_grad_norm(self, model: nn.Module, grad_norm: Any = None) -> Any:
        found = super()._get_grad_norm(model, grad_norm)  # type: ignore[no-untyped-call]
        return whole(found) if isinstance(found, torch.Tensor) else found

    def answer(self) -> Scores:
        """Return the scores on the validation rows."""
        with at_hand(self.learner.module):
            return super().answer()

    def trained(self) -> Tensors:
        """Return the tensors that learn, whole, on the CPU; all processes have to ask."""
        named = self.learner.module.named_parameters()
        return {name: whole(tensor.detach()).cpu().contiguous() for name, tensor in named if tensor.requires_grad}

    def restore(self, tensors: Tensors) -> None:
        """Put whole tensors back: each process takes its part."""
        named = dict(self.learner.module.named_parameters())
        with torch.no_grad():
            for name, tensor in tensors.items():
                kept = cast("DTensor", named[name])
                there = tensor.to(kept.device)
                kept.copy_(distribute_tensor(there, kept.device_mesh, kept.placements, src_data_rank=None))

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write the tensors that learn, and the best ones so far, by the first process."""
        tensors = self.trained()
        if distributed.is_first():
            self.keep(Path(output_dir or str(self.args.output_dir)), tensors)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        options = StateDictOptions(full_state_dict=True, cpu_offload=True)
        state = get_optimizer_state_dict(self.learner.module, _plain(self.optimizer), options=options)
        if distributed.is_first():
            torch.save(state, Path(output_dir) / OPTIMISER)
            torch.save(cast("Any", self.lr_scheduler).state_dict(), Path(output_dir) / SCHEDULE)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        state, schedule = (
            torch.load(Path(str(checkpoint)) / name, weights_only=True) for name in (OPTIMISER, SCHEDULE)
        )
        options = StateDictOptions(full_state_dict=True)
        set_optimizer_state_dict(self.learner.module, _plain(self.optimizer), state, options=options)
        cast("Any", self.lr_scheduler).load_state_dict(schedule)


def share_out(module: nn.Module, blocks: nn.ModuleList) -> None:
    """Leave each process its part of every weight: of a layer by itself, and of the rest together."""
    mesh = init_device_mesh(machine.device().type, (distributed.processes(),))
    for part in (*blocks, module):
        fully_shard(part, mesh=mesh)


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor with all of its parts; all processes have to ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


@contextmanager
def at_hand(module: nn.Module) -> Iterator[None]:
    """Have what is in no layer whole, for functions of a module that are not its way forward."""
    shared = cast("FSDPModule", module)
    shared.unshard()
    yield
    shared.reshard()


def _plain(optimiser: Any) -> Any:
    """Return torch's optimiser without what accelerate put around it."""
    return getattr(optimiser, "optimizer", optimiser)
