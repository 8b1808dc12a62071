"""Texts as token ids, in batches of like length: padding is computed too (79 % of the tokens at length 128)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Sized
from typing import Any

import numpy as np
import torch

BATCH_TOKENS = 4096  # padded tokens at once when nothing is learned: larger is no faster on a CPU
BATCH_ROWS = 64
Rows = list[list[int]]


def tokenise(tokenizer: Any, texts: Sequence[str], max_length: int) -> Rows:
    """Return the token ids of each text, cut at `max_length` tokens."""
    if len(texts) == 0:
        return []
    encoded = tokenizer(list(texts), truncation=True, max_length=max_length, return_attention_mask=False)
    return [list(ids) for ids in encoded["input_ids"]]


def pad(rows: Rows, pad_id: int, *, left: bool = False) -> dict[str, torch.Tensor]:
    """Return ids and mask [rows, longest], padded to the longest of the rows."""
    longest = max(map(len, rows))
    gaps = [longest - len(row) for row in rows]
    ids = [[pad_id] * gap + row if left else row + [pad_id] * gap for row, gap in zip(rows, gaps, strict=True)]
    mask = [
        [0] * gap + [1] * len(row) if left else [1] * len(row) + [0] * gap for row, gap in zip(rows, gaps, strict=True)
    ]
    return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}


def by_length(rows: Sequence[Sized]) -> Iterator[list[int]]:
    """Yield the positions of the rows in batches, the longest first, each within the limits of rows and tokens."""
    order = sorted(range(len(rows)), key=lambda position: (-len(rows[position]), position))
    start = 0
    while start < len(order):
        size = max(1, min(BATCH_ROWS, BATCH_TOKENS // max(1, len(rows[order[start]]))))
        yield order[start : start + size]
        start += size


def compute(
    function: Callable[..., torch.Tensor], rows: Rows, pad_id: int, width: int, *, device: torch.device | None = None
) -> np.ndarray[Any, np.dtype[np.float32]]:  # fmt: skip
    """Return `function(input_ids, attention_mask)` for all rows in their order, as float32 [rows, width]."""
    result = np.zeros((len(rows), width), dtype=np.float32)
    with torch.inference_mode():
        for positions in by_length(rows):
            batch = pad([rows[position] for position in positions], pad_id)
            result[positions] = (
                function(**{name: tensor.to(device) for name, tensor in batch.items()}).float().cpu().numpy()
            )
    return result
