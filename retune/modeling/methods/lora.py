"""LoRA: the base stays as it is, and linear layers learn a low-rank correction (Hu et al., arXiv 2106.09685)."""

from __future__ import annotations

from retune.modeling import adapters

NEEDS: tuple[str, ...] = ()
Settings = adapters.Settings
adapt, trainable_parameters, interpolate = adapters.adapt, adapters.trainable_parameters, adapters.interpolate
save, load, merge = adapters.save, adapters.load, adapters.merge
