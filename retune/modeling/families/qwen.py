"""Qwen 2 and 3, asked by the tokenizer's chat template, in plain text where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.core.templates import CHAT
from retune.modeling import stacks

if TYPE_CHECKING:
    from torch import nn

KIND = "causal"
ARCHITECTURES = ("qwen2", "qwen3")
HEADS = ("text", "pooled")
PADDING_SIDE = "left"
POOLING = "mean"
TEMPLATE = CHAT
pool, blocks, embeddings, linear_names = stacks.mean, stacks.blocks, stacks.embeddings, stacks.linear_names


def load(folder: Path, *, with_lm_head: bool = False) -> tuple[nn.Module, Any]:
    """Return the base in float32 and its tokenizer; missing weights, random otherwise, raise UserError."""
    return stacks.load(folder, KIND, ARCHITECTURES, PADDING_SIDE, with_lm_head=with_lm_head)
