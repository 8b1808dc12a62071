"""ALBERT: an encoder whose layers share their weights, so that it has one block, and what freezes one freezes all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.modeling import stacks

if TYPE_CHECKING:
    from torch import nn

KIND = "encoder"
ARCHITECTURES = ("albert",)
HEADS = ("pooled", "token", "span")
PADDING_SIDE = "right"
POOLING = "mean"
pool, blocks, embeddings, linear_names = stacks.mean, stacks.blocks, stacks.input_tables, stacks.linear_names


def load(folder: Path, *, with_lm_head: bool = False) -> tuple[nn.Module, Any]:
    """Return the base in float32 and its tokenizer; missing weights, random otherwise, raise UserError."""
    return stacks.load(folder, KIND, ARCHITECTURES, PADDING_SIDE, with_lm_head=with_lm_head)
