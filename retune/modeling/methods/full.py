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

NEEDS: tuple[str, ...] = ()
FILE = "body.safetensors"


class Settings(settings_base.Settings):
    """Which part of the base learns."""

    freeze_embeddings: bool
    """Keep the table of token vectors as it is: half of a small encoder's weights, and a few texts move few of them.
    A head that writes text and shares the table stays with it."""

    freeze_layers: int = Field(ge=0)
    """How many layers, from the input up, stay as they are: an encoder's before its decoder's; layers that share their
    weights, as ALBERT's, are one."""


def adapt(body: nn.Module, family: ModuleType, settings: Settings) -> nn.Module:
    """Return the body with exactly the parameters trainable that the settings do not freeze."""
    blocks = family.blocks(body)
    if settings.freeze_layers > len(blocks):
        found = f"freeze_layers: {settings.freeze_layers}"
        raise UserError(expected=f"at most the {len(blocks)} layers that the base has", found=found, todo="Lower it.")
    body.requires_grad_(True)
    for module in _frozen(body, family, settings):
        module.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in body.parameters()):
        todo = "Choose `method: head`, which trains the head alone."
        raise UserError(expected="a part of the base that learns", found="settings that freeze all of it", todo=todo)
    return body


def trainable_parameters(body: nn.Module, family: ModuleType, settings: Settings) -> int:
    """Return how many parameters `adapt` makes trainable."""
    frozen = {id(parameter) for module in _frozen(body, family, settings) for parameter in module.parameters()}
    return sum(parameter.numel() for parameter in body.parameters() if id(parameter) not in frozen)


def interpolate(start: Tensors, tuned: Tensors, share: float) -> Tensors:
    """Return the tensors at a share of the way from the start to the tuned ones."""
    return {name: start[name].lerp(tensor, share) for name, tensor in tuned.items()}


def save(body: nn.Module, folder: Path, base: str) -> None:
    """Write the tensors that were trained; the others are those of `base`."""
    from safetensors.torch import save_file

    trained = {
        name: tensor.detach().cpu().contiguous() for name, tensor in body.named_parameters() if tensor.requires_grad
    }
    # One key: safetensors writes several in another order in every process.
    save_file(trained, folder / FILE, metadata={"base": base})


def load(body: nn.Module, folder: Path) -> nn.Module:
    """Return the body with the tensors that `save` wrote; one that it does not know raises IntegrityError."""
    from safetensors.torch import load_file

    unknown = body.load_state_dict(load_file(folder / FILE), strict=False).unexpected_keys
    if unknown:
        raise IntegrityError(f"{FILE} does not fit its base: it has no {unknown[0]}")
    return body


def merge(body: nn.Module) -> nn.Module:
    """Return the body: what was learnt is in its own weights."""
    return body


def _frozen(body: nn.Module, family: ModuleType, settings: Settings) -> list[nn.Module]:
    """Return the modules that the settings freeze."""
    embeddings = [family.embeddings(body)] if settings.freeze_embeddings else []
    return embeddings + list(family.blocks(body))[: settings.freeze_layers]
