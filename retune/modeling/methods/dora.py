"""DoRA: LoRA turns each layer's weights, and their lengths learn apart (Liu et al., arXiv 2402.09353)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retune.modeling import adapters

if TYPE_CHECKING:
    from types import ModuleType

    from torch import nn

NEEDS: tuple[str, ...] = ()
Settings = adapters.Settings
interpolate, save, load, merge = adapters.interpolate, adapters.save, adapters.load, adapters.merge


def adapt(body: nn.Module, family: ModuleType, settings: adapters.Settings) -> nn.Module:
    """Return the body with a trainable correction, zero at first, and a trainable length on each targeted layer."""
    return adapters.adapt(body, family, settings, use_dora=True)


def trainable_parameters(body: nn.Module, family: ModuleType, settings: adapters.Settings) -> int:
    """Return how many parameters `adapt` makes trainable: rank x (inputs + outputs) + outputs per layer."""
    return adapters.trainable_parameters(body, family, settings, use_dora=True)
