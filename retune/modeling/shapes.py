"""Bases of the shape of another, with random weights: what is told by settings alone, before weights are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retune.modeling.stacks import OFFLINE, WITH_HEAD

DEPTHS = ("num_hidden_layers", "num_layers", "num_decoder_layers", "encoder_layers", "decoder_layers")


def shaped(folder: Path, kind: str, layers: int | None, *, with_lm_head: bool = False) -> Any:
    """Return a base of the shape of the one in `folder`, of so many layers; with None, of all, and without memory."""
    import torch
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder, **OFFLINE)
    config.use_cache = False
    if layers is not None:
        _cut(config, layers)
    made = getattr(transformers, WITH_HEAD[kind] if with_lm_head else "AutoModel")
    with torch.device("meta" if layers is None else "cpu"):
        body = made.from_config(config)
    if kind == "seq2seq" and not with_lm_head:
        body = body.get_encoder()
    if getattr(body, "pooler", None) is not None:
        body.pooler = None
    return body


def depth(body: Any) -> int:
    """Return the number of layers of a base: of one that writes and reads, its encoder's and its decoder's together."""
    config = body.config
    if hasattr(body, "get_decoder") and getattr(config, "is_encoder_decoder", False):
        pairs = (("encoder_layers", "decoder_layers"), ("num_layers", "num_decoder_layers"))
        return next(sum(int(getattr(config, name)) for name in pair) for pair in pairs if hasattr(config, pair[1]))
    return int(config.num_hidden_layers)


def _cut(config: Any, layers: int) -> None:
    """Leave so many layers to each stack."""
    for name in DEPTHS:
        if getattr(config, name, None) is not None:
            setattr(config, name, layers)
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:layers]
