"""Alpaca: a Llama that was taught instructions in a format of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.core.templates import ALPACA
from retune.modeling import stacks

if TYPE_CHECKING:
    from torch import nn

KIND = "causal"
ARCHITECTURES = ("llama",)
HEADS = ("text", "pooled")
PADDING_SIDE = "left"
POOLING = "mean"
TEMPLATE = ALPACA
pool, blocks, embeddings, linear_names = stacks.mean, stacks.blocks, stacks.embeddings, stacks.linear_names


def load(folder: Path, *, with_lm_head: bool = False) -> tuple[nn.Module, Any]:
    """Return the base in float32 and its tokenizer; missing weights, random otherwise, raise UserError."""
    return stacks.load(folder, KIND, ARCHITECTURES, PADDING_SIDE, with_lm_head=with_lm_head)
