from typing import Any

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from retune.modeling import segments

LENGTHS = [300, 40, 39, 38, 7, 1]


def sides(dtype: torch.dtype, heads: int = 4, shared: int = 2) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = [(1, count, sum(LENGTHS), 16) for count in (heads, shared, shared)]
    return [torch.randn(shape, generator=generator).to(dtype).requires_grad_() for shape in shapes]


def each_alone(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, window: int | None = None) -> torch.Tensor:
    """Return what every segment attends to by itself, [1, tokens, heads, width]."""
    found, start = [], 0
    for length in LENGTHS:
        q, k, v = (side[:, :, start : start + length].float() for side in (query, key, value))
        mask = torch.ones(length, length, dtype=torch.bool).tril()
        mask = mask if window is None else mask.triu(1 - window)
        found.append(scaled_dot_product_attention(q, k, v, mask, enable_gqa=True))
        start += length
    return torch.cat(found, dim=2).transpose(1, 2)


def gradients(result: torch.Tensor, of: list[torch.Tensor]) -> Any:
    weights = torch.arange(result.numel()).reshape(result.shape).remainder(7).to(result.dtype)
    return torch.autograd.grad((result * weights).sum(), of)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("window", [None, 50])
def test_a_segment_attends_as_it_does_alone(dtype: torch.dtype, window: int | None) -> None:
    query, key, value = given = sides(dtype)
    arranged = segments.arranged(LENGTHS)
    found, _ = segments.attention(
        torch.nn.Module(), query, key, value, None, segments=arranged, sliding_window=window
    )  # fmt: skip
    expected = each_alone(query, key, value, window)
    close = 1e-5 if dtype == torch.float32 else 3e-2
    torch.testing.assert_close(found.float(), expected, atol=close, rtol=close)
    for own, other in zip(gradients(found, given), gradients(expected, given), strict=True):
        off = (own.float() - other.float()).norm() / other.float().norm()
        assert off < (1e-5 if dtype == torch.float32 else 2e-2)


def test_rectangles_hold_little_padding() -> None:
    arranged = segments.arranged([100, 99, 98, 50, 49, 10, 9, 8])
    assert arranged.shapes == [(3, 100), (2, 50), (3, 10)]
    assert len(arranged.gather) == 3 * 100 + 2 * 50 + 3 * 10


def test_without_segments_it_is_transformers_own() -> None:
    query, key, value = sides(torch.float32, heads=2)
    module = torch.nn.Module()
    found, _ = segments.attention(module, query, key, value, None)
    expected = scaled_dot_product_attention(query, key, value, is_causal=True).transpose(1, 2)
    torch.testing.assert_close(found, expected)
