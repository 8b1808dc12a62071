"""What examples cost a base that writes: the loss of each token that is learnt, in batches of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from retune.modeling import sheets
from retune.modeling.dialogue import Example
from retune.modeling.writer import Writer

Floats = np.ndarray[Any, np.dtype[np.float32]]
BATCH_TOKENS = 8192  # at once when nothing is learned


def laid_out(examples: Sequence[Example], pad_id: int, writer: Writer) -> sheets.Batch:
    """Return examples as a batch for a writer; the order of their targets is that of falling lengths in a flat one."""
    if writer.is_flat:
        return sheets.flat_batch(examples)
    if not writer.has_encoder:
        return sheets.decoder_batch(examples, pad_id)
    return sheets.encoder_batch(examples, pad_id, writer.base.config.decoder_start_token_id)


def by_token(writer: Writer, examples: Sequence[Example], pad_id: int) -> list[Floats]:
    """Return the losses in nats of the tokens of each example that are learnt."""
    found: list[Floats] = [np.zeros(0, dtype=np.float32)] * len(examples)
    device = next(writer.parameters()).device
    with torch.inference_mode():
        for places in by_length(examples):
            batch = laid_out([examples[place] for place in places], pad_id, writer)
            losses = writer.losses(**{name: tensor.to(device) for name, tensor in batch.items()}).cpu().numpy()
            ends = np.cumsum([examples[place].learnt_tokens for place in places])
            for place, part in zip(places, np.split(losses, ends[:-1]), strict=True):
                found[place] = part
    return found


def summed(writer: Writer, rows: Sequence[Sequence[Example]], pad_id: int) -> tuple[Floats, Floats]:
    """Return the loss of each row in nats, summed over its learnt tokens, and the number of these."""
    blocks = [block for row in rows for block in row]
    each = iter(by_token(writer, blocks, pad_id))
    of_rows = [np.concatenate([next(each) for _ in row]) if row else np.zeros(0) for row in rows]
    losses = np.array([losses.sum(dtype=np.float64) for losses in of_rows], dtype=np.float32)
    return losses, np.array([len(losses) for losses in of_rows], dtype=np.float32)


def by_length(examples: Sequence[Example]) -> Iterator[list[int]]:
    """Yield the places of examples of like length, the longest first, within a limit of tokens."""
    order = sorted(range(len(examples)), key=lambda place: (-len(examples[place]), place))
    start = 0
    while start < len(order):
        size = max(1, BATCH_TOKENS // max(1, len(examples[order[start]])))
        yield order[start : start + size]
        start += size
