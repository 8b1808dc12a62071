"""Full tuning: the layers of the base learn themselves, from the top down to where the settings freeze them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from retune.core.errors import IntegrityError, UserError
from retune.core.params import base as settings_base

if TYPE_CHECKING:
    from types import ModuleType

    from torch import Tensor, nn

    Tensors = dict[str, Tensor]

FILE = "encoder.safetensors"


class Settings(settings_base.Settings):
    """Which part of the base learns."""

    freeze_embeddings: bool
    """Keep the table of token vectors as it is: half of a small encoder's weights, and a few texts move few of them."""

    freeze_layers: int = Field(ge=0)
    """How many layers, from the input up, stay as they are."""


def adapt(encoder: nn.Module, family: ModuleType, settings: Settings) -> nn.Module:
    """Return the encoder with exactly the parameters trainable that the settings do not freeze."""
    blocks = family.blocks(encoder)
    if settings.freeze_layers > len(blocks):
        found = f"freeze_layers: {settings.freeze_layers}"
        raise UserError(expected=f"at most the {len(blocks)} layers that the base has", found=found, todo="Lower it.")
    encoder.requires_grad_(True)
    if settings.freeze_embeddings:
        encoder.get_submodule(family.EMBEDDINGS).requires_grad_(False)
    for block in list(blocks)[: settings.freeze_layers]:
        block.requires_grad_(False)
    return encoder


def trainable_parameters(encoder: nn.Module, family: ModuleType, settings: Settings) -> int:
    """Return how many parameters `adapt` makes trainable."""
    frozen = [encoder.get_submodule(family.EMBEDDINGS)] if settings.freeze_embeddings else []
    frozen += list(family.blocks(encoder))[: settings.freeze_layers]
    count = sum(parameter.numel() for parameter in encoder.parameters())
    return count - sum(parameter.numel() for module in frozen for parameter in module.parameters())


def interpolate(start: Tensors, tuned: Tensors, share: float) -> Tensors:
    """Return the tensors at a share of the way from the start to the tuned ones."""
    return {name: start[name].lerp(tensor, share) for name, tensor in tuned.items()}


def save(encoder: nn.Module, folder: Path, base: str) -> None:
    """Write the tensors that were trained; the others are those of `base`."""
    from safetensors.torch import save_file

    trained = {
        name: tensor.detach().cpu().contiguous() for name, tensor in encoder.named_parameters() if tensor.requires_grad
    }
    # One key: safetensors writes several in another order in every process.
    save_file(trained, folder / FILE, metadata={"base": base})


def load(encoder: nn.Module, folder: Path) -> nn.Module:
    """Return the encoder with the tensors that `save` wrote; one that it does not know raises IntegrityError."""
    from safetensors.torch import load_file

    unknown = encoder.load_state_dict(load_file(folder / FILE), strict=False).unexpected_keys
    if unknown:
        raise IntegrityError(f"{FILE} does not fit its base: it has no {unknown[0]}")
    return encoder
