"""Tuning that continues a registered version: its weights over the same base, its head where it knows all labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from retune.core import parts
from retune.core.errors import IntegrityError, UserError
from retune.core.replay import Mix
from retune.modeling import bases, folder
from retune.modeling.bases import Parent

if TYPE_CHECKING:
    from retune.modeling.bench import Plan

WRITING = "text"  # the head of all task types that write


@dataclass(frozen=True)
class Layer:
    """The version that a training continues, the folder of its model, and the rows that are tuned on."""

    parent: Parent
    model: Path
    mix: Mix


def check(page: folder.Page, plan: Plan) -> None:
    """Raise UserError for a parent of another task type, family or method, IntegrityError for one of another base.

    What writes text may go on to another kind of text: trained on documents first, then to answer.
    """
    made_of = [page.task_type, page.family, page.method]
    chosen = [plan.name(kind) for kind in ("task_type", "family", "method")]
    both_write = {plan.task_type.HEAD, parts.find("retune.modeling.task_types", page.task_type).HEAD} == {WRITING}
    if made_of[both_write:] != chosen[both_write:]:
        todo = "Choose the same, or tune from the base."
        raise UserError(expected=f"a parent made of {', '.join(chosen)}", found=", ".join(made_of), todo=todo)
    if page.base.weights_sha256 != plan.base.weights_sha256:
        raise IntegrityError(f"the parent was tuned from {page.base.id} with other weights than {plan.base.id}")


def take_over(body: torch.nn.Module, plan: Plan, model: Path) -> None:
    """Put the parent's weights into an adapted body; UserError where the settings would not go on learning them."""
    check(folder.read_page(model), plan)
    base, _ = plan.family.load(bases.locate(plan.base), **plan.head.LOAD)
    theirs, own = plan.method.load(base, model).state_dict(), body.state_dict()
    # A head that is tied to the table of token vectors has a second name, and learns where the table does.
    named = body.named_parameters(remove_duplicate=False)
    learning = {name for name, parameter in named if parameter.requires_grad}
    unlike = sorted(set(theirs) ^ set(own)) or [name for name in own if own[name].shape != theirs[name].shape]
    stays = [name for name in own if name not in learning]
    frozen = unlike or [name for name in stays if not torch.equal(own[name].cpu(), theirs[name].cpu())]
    if frozen:
        raise UserError(
            expected="method_settings by which the parent's tensors learn on, in the same shapes",
            found=f"{len(frozen)} tensors that do not, such as {frozen[0]}",
            todo="Give train.method_settings the parent's values, or tune from the base.",
        )
    body.load_state_dict({name: theirs[name] for name in own if name in learning}, strict=False)
