"""The head alone: the base stays as it is, and the layer on top of it learns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.core.errors import UserError
from retune.core.params import base as settings_base

if TYPE_CHECKING:
    from types import ModuleType

    from torch import Tensor, nn

    Tensors = dict[str, Tensor]

NEEDS: tuple[str, ...] = ()


class Settings(settings_base.Settings):
    """A frozen base has no settings."""


def adapt(body: Any, family: ModuleType, settings: Settings) -> nn.Module:  # noqa: ARG001 - as all methods
    """Return the body frozen; UserError for one that writes text, whose head is a part of it."""
    if body.get_output_embeddings() is not None:
        todo = "Choose `method: lora`, or `full` with freeze_layers."
        raise UserError(expected="a task type with a head of its own", found="a base that writes text", todo=todo)
    frozen: nn.Module = body.requires_grad_(False)
    return frozen


def trainable_parameters(body: nn.Module, family: ModuleType, settings: Settings) -> int:  # noqa: ARG001
    """Return how many parameters of the base `adapt` makes trainable: none."""
    return 0


def interpolate(start: Tensors, tuned: Tensors, share: float) -> Tensors:
    """Return the head's tensors at a share of the way from the start to the tuned ones."""
    return {name: start[name].lerp(tensor, share) for name, tensor in tuned.items()}


def save(body: nn.Module, folder: Path, base: str) -> None:
    """Write nothing: the base is as it was, and the head writes itself."""


def load(body: nn.Module, folder: Path) -> nn.Module:  # noqa: ARG001
    """Return the body as it is."""
    return body


def merge(body: nn.Module) -> nn.Module:
    """Return the body as it is."""
    return body
