"""Encoders such as BERT, RoBERTa, DistilBERT, ELECTRA and DeBERTa: they read a text whole, and write none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.modeling import stacks

if TYPE_CHECKING:
    from torch import nn

KIND = "encoder"
ARCHITECTURES = (
    "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra", "modernbert", "mpnet", "roberta",
    "xlm-roberta",
)  # fmt: skip
HEADS = ("pooled", "token", "span")
PADDING_SIDE = "right"
POOLING = "mean"
pool, blocks, embeddings, linear_names = stacks.mean, stacks.blocks, stacks.input_tables, stacks.linear_names


def load(folder: Path, *, with_lm_head: bool = False) -> tuple[nn.Module, Any]:
    """Return the base in float32 and its tokenizer; missing weights, random otherwise, raise UserError."""
    return stacks.load(folder, KIND, ARCHITECTURES, PADDING_SIDE, with_lm_head=with_lm_head)
