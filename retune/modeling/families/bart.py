"""BART: an encoder and a decoder; as encoder alone where no text is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.core.templates import PLAIN
from retune.modeling import stacks

if TYPE_CHECKING:
    from torch import nn

KIND = "seq2seq"
ARCHITECTURES = ("bart",)
HEADS = ("text", "pooled", "token", "span")
PADDING_SIDE = "right"
POOLING = "mean"
TEMPLATE = PLAIN
pool, blocks, embeddings, linear_names = stacks.mean, stacks.blocks, stacks.embeddings, stacks.linear_names


def load(folder: Path, *, with_lm_head: bool = False) -> tuple[nn.Module, Any]:
    """Return the base in float32 and its tokenizer; missing weights, random otherwise, raise UserError."""
    return stacks.load(folder, KIND, ARCHITECTURES, PADDING_SIDE, with_lm_head=with_lm_head)
