"""Encoders such as BERT: one vector per text, the mean of its token vectors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.core.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor, nn

HEADS = ("pooled", "token", "span")  # what it can answer
POOLING = "mean"
PADDING_SIDE = "right"
EMBEDDINGS = "embeddings"  # the module that holds the table of token vectors
UNUSED = ("pooler.",)  # the head of next-sentence prediction: not read by mean pooling, often absent from weights


def load(folder: Path) -> tuple[nn.Module, Any]:
    """Return the encoder in float32 and its tokenizer; missing weights, random otherwise, raise UserError."""
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    encoder, info = AutoModel.from_pretrained(
        folder, dtype="float32", use_safetensors=True, trust_remote_code=False, local_files_only=True,
        output_loading_info=True,
    )  # fmt: skip
    missing = sorted(name for name in info["missing_keys"] if not name.startswith(UNUSED))
    if missing:
        found = f"{len(missing)} of them missing, such as {missing[0]}"
        raise UserError(
            expected=f"all weights of {folder.name}", found=found, todo="Use another base, or export it anew."
        )
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    tokenizer.padding_side = PADDING_SIDE
    return encoder, tokenizer


def pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over the real tokens: [rows, tokens, width] and [rows, tokens] give [rows, width] in float32."""
    weights = mask.unsqueeze(-1).float()
    return (hidden.float() * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def linear_names(encoder: nn.Module) -> list[str]:
    """Return the names of all linear layers: what LoRA adapts, in any architecture."""
    from torch import nn

    return [name for name, module in encoder.named_modules() if isinstance(module, nn.Linear)]


def blocks(encoder: nn.Module) -> nn.ModuleList:
    """Return the stack of layers, from the input up."""
    from torch import nn

    return next(module for module in encoder.modules() if isinstance(module, nn.ModuleList))
