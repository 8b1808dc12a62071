"""QLoRA: LoRA over a base of 4 bits a weight, a quarter of the memory (Dettmers et al., arXiv 2305.14314); GPU only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.modeling import adapters, quantising

if TYPE_CHECKING:
    from types import ModuleType

    from torch import nn

NEEDS = ("gpu", "bitsandbytes")
trainable_parameters, interpolate = adapters.trainable_parameters, adapters.interpolate


class Settings(adapters.Settings):
    """The size of the correction, where it is, and how the base is kept."""

    double_quantisation: bool
    """Keep the scales of the 4-bit numbers in 8 bits: 0.4 bits less a weight."""


def adapt(body: nn.Module, family: ModuleType, settings: Settings) -> nn.Module:
    """Return the body with its blocks in 4 bits and LoRA's correction on each targeted layer; all else is frozen."""
    adapters.targets(body, family, settings)  # refuses before anything is changed
    quantising.quantise(body, family.linear_names(body), double=settings.double_quantisation)
    return adapters.adapt(body, family, settings)


def save(body: Any, folder: Path, base: str) -> None:
    """Write `adapter/` in peft's format, and which layers of `base` are in 4 bits."""
    adapters.save(body, folder, base)
    quantising.write(body, folder)


def load(body: nn.Module, folder: Path) -> nn.Module:
    """Return the body in 4 bits with the correction that `save` wrote; others' tensors raise IntegrityError."""
    return adapters.load(quantising.read(body, folder), folder)


def merge(body: Any) -> nn.Module:
    """Return the base in float32, as its 4 bits say, with the correction added; the body that is given is used up."""
    config, tensors = adapters.taken(body)
    return adapters.merge(adapters.over(quantising.dequantise(body.unload()), config, tensors))
