"""rsLoRA: LoRA scaled by the square root of its rank; high ranks learn too (Kalajdzievski, arXiv 2312.03732)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retune.modeling import adapters

if TYPE_CHECKING:
    from types import ModuleType

    from torch import nn

NEEDS: tuple[str, ...] = ()
Settings = adapters.Settings
trainable_parameters, interpolate = adapters.trainable_parameters, adapters.interpolate
save, load, merge = adapters.save, adapters.load, adapters.merge


def adapt(body: nn.Module, family: ModuleType, settings: adapters.Settings) -> nn.Module:
    """Return the body with a trainable correction, zero at first, on each targeted layer; all else is frozen."""
    return adapters.adapt(body, family, settings, use_rslora=True)
