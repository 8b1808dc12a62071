"""Attention among examples that stand one after the other in one row: each token sees its own example, up to itself.

No linear layer computes padding, and examples of like length attend side by side, as rows of one small rectangle. With
a mask over the whole row, every pair of its tokens would be computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import dropout, scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

Tensor = torch.Tensor
NAME = "retune_segments"
WASTE, SPARE_TOKENS = 1.25, 8  # how much longer than its shortest row a rectangle is at most
BLOCK = 128  # queries at once: what they cannot see is not computed


@dataclass(frozen=True)
class Segments:
    """Where the tokens of a row stand in rectangles, and where those are in the row; [rows, longest] of each one."""

    gather: Tensor  # [tokens of all rectangles]: places in the row, 0 for padding
    scatter: Tensor  # [tokens of the row]: places in the rectangles
    shapes: list[tuple[int, int]]


def arranged(lengths: Sequence[int]) -> Segments:
    """Return the segments of examples of these lengths, which are laid out from the longest to the shortest."""
    shapes, starts = _rectangles(lengths), [0]
    for length in lengths:
        starts.append(starts[-1] + length)
    gather: list[Tensor] = []
    scatter: list[Tensor] = []
    widths = [longest for count, longest in shapes for _ in range(count)]
    at = 0
    for start, length, width in zip(starts, lengths, widths, strict=False):
        gather += [torch.arange(start, start + length), torch.zeros(width - length, dtype=torch.int64)]
        scatter.append(torch.arange(at, at + length))
        at += width
    return Segments(torch.cat(gather), torch.cat(scatter), shapes)


def _rectangles(lengths: Sequence[int]) -> list[tuple[int, int]]:
    """Return rows and length of the rectangles in which falling lengths fit with little padding."""
    shapes: list[tuple[int, int]] = []
    for length in lengths:
        if shapes and shapes[-1][1] <= WASTE * length + SPARE_TOKENS:
            shapes[-1] = (shapes[-1][0] + 1, shapes[-1][1])
        else:
            shapes.append((1, length))
    return shapes


def attention(
    module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None,
    segments: Segments | None = None, scaling: float | None = None, dropout: float = 0.0, **more: Any,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """Return what transformers' attention by sdpa does, or, given segments of one row, what each of them does alone.

    `query` is [1, heads, tokens, width], `key` and `value` have as many heads or a part of them; the result is
    [1, tokens, heads, width].
    """
    if segments is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **more
        )
    kind = query.device.type
    if torch.is_autocast_enabled(kind):  # rotary positions leave queries and keys in float32
        query, key, value = (side.to(torch.get_autocast_dtype(kind)) for side in (query, key, value))
    sides = [_rows(side, segments) for side in (query, key, value)]
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    window = more.get("sliding_window")
    found = [_attended(q, k, v, scale, dropout, window) for q, k, v in zip(*sides, strict=True)]
    flat = torch.cat([rectangle.transpose(1, 2).flatten(0, 1) for rectangle in found])
    return flat.index_select(0, segments.scatter).unsqueeze(0), None


def _rows(side: Tensor, segments: Segments) -> list[Tensor]:
    """Return one of query, key and value as rectangles [rows, heads, longest, width]."""
    heads, tokens, width = side.shape[1:]
    flat = side.transpose(1, 2).reshape(tokens, heads * width).index_select(0, segments.gather)
    parts = torch.split(flat, [count * longest for count, longest in segments.shapes])
    return [
        part.view(count, longest, heads, width).transpose(1, 2)
        for part, (count, longest) in zip(parts, segments.shapes, strict=True)
    ]


def _attended(query: Tensor, key: Tensor, value: Tensor, scale: float, share: float, window: int | None) -> Tensor:
    """Return the causal attention of one rectangle; padding is at the ends, where no other token sees it."""
    tokens = query.shape[2]
    if window is not None and tokens > window:
        mask = torch.ones(tokens, tokens, dtype=torch.bool, device=query.device).tril().triu(1 - window)
    elif query.requires_grad and query.device.type == "cpu" and query.dtype == torch.bfloat16:
        return _in_blocks(query, key, value, scale, share)
    else:
        mask = None
    return scaled_dot_product_attention(
        query, key, value, mask, share, is_causal=mask is None, scale=scale, enable_gqa=query.shape[1] != key.shape[1]
    )


def _in_blocks(query: Tensor, key: Tensor, value: Tensor, scale: float, share: float) -> Tensor:
    """Return the causal attention, as products of matrices.

    On a processor torch's own takes 2 to 5 times as long on the way back in bfloat16 (torch 2.13).
    """
    rows, heads, tokens, width = query.shape
    if key.shape[1] != heads:
        key, value = (side.repeat_interleave(heads // side.shape[1], dim=1) for side in (key, value))
    query, key, value = (side.reshape(rows * heads, tokens, width) for side in (query, key, value))
    size = BLOCK if tokens > 1.5 * BLOCK else tokens
    found = []
    for start in range(0, tokens, size):
        end = min(start + size, tokens)
        hidden = query.new_full((end - start, end), float("-inf")).triu_(start + 1)
        scores = torch.baddbmm(
            hidden.expand(rows * heads, -1, -1), query[:, start:end], key[:, :end].transpose(1, 2), alpha=scale
        )
        found.append(dropout(scores.softmax(dim=-1), share) @ value[:, :end])
    return torch.cat(found, dim=1).view(rows, heads, tokens, width)


AttentionInterface.register(NAME, attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
