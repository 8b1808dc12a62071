"""Tuning that continues a registered version: its weights over the same base, its head where it knows all labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from retune.core.errors import IntegrityError, UserError
from retune.core.replay import Mix
from retune.modeling import bases, folder
from retune.modeling.bases import Parent

if TYPE_CHECKING:
    from retune.modeling.bench import Plan


@dataclass(frozen=True)
class Layer:
    """The version that a training continues, the folder of its model, and the rows that are tuned on."""

    parent: Parent
    model: Path
    mix: Mix


def check(page: folder.Page, plan: Plan) -> None:
    """Raise UserError for a parent of another task type, family or method, IntegrityError for one of another base."""
    made_of = [page.task_type, page.family, page.method]
    chosen = [plan.name(kind) for kind in ("task_type", "family", "method")]
    if made_of != chosen:
        todo = "Choose the same, or tune from the base."
        raise UserError(expected=f"a parent made of {', '.join(chosen)}", found=", ".join(made_of), todo=todo)
    if page.base.weights_sha256 != plan.base.weights_sha256:
        raise IntegrityError(f"the parent was tuned from {page.base.id} with other weights than {plan.base.id}")


def take_over(encoder: torch.nn.Module, plan: Plan, model: Path) -> None:
    """Put the parent's weights into an adapted encoder; UserError where the settings would not go on learning them."""
    check(folder.read_page(model), plan)
    base, _ = plan.family.load(bases.locate(plan.base))
    theirs, own = plan.method.load(base, model).state_dict(), encoder.state_dict()
    learning = {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}
    unlike = sorted(set(theirs) ^ set(own)) or [name for name in own if own[name].shape != theirs[name].shape]
    frozen = unlike or [name for name in own if name not in learning and not torch.equal(own[name].cpu(), theirs[name])]
    if frozen:
        raise UserError(
            expected="method_settings by which the parent's tensors learn on, in the same shapes",
            found=f"{len(frozen)} tensors that do not, such as {frozen[0]}",
            todo="Give train.method_settings the parent's values, or tune from the base.",
        )
    encoder.load_state_dict(theirs)
