"""Examples laid out as batches for a writer: ids padded at their ends, and the places at which something is learnt."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from retune.modeling.dialogue import Example

Tensors = dict[str, torch.Tensor]


def decoder_batch(examples: Sequence[Example], pad_id: int) -> Tensors:
    """Return ids [examples, longest], and for the tokens that are learnt the flat places that foretell them."""
    longest = max(len(example.ids) for example in examples)
    ids = [example.ids + [pad_id] * (longest - len(example.ids)) for example in examples]
    pairs = [
        (row * longest + place - 1, example.ids[place])
        for row, example in enumerate(examples)
        for place in range(1, len(example.ids))
        if example.learnt[place]
    ]
    return {"input_ids": torch.tensor(ids), **_aims(pairs)}


def encoder_batch(examples: Sequence[Example], pad_id: int, start_id: int) -> Tensors:
    """Return what an encoder reads with its mask, and what a decoder is given: each token foretells the next."""
    longest, widest = (max(len(side) for side in sides) for sides in ([e.ids for e in examples], _sources(examples)))
    given = [[start_id, *example.ids[:-1]] + [pad_id] * (longest - len(example.ids)) for example in examples]
    read = [source + [pad_id] * (widest - len(source)) for source in _sources(examples)]
    mask = [[1] * len(source) + [0] * (widest - len(source)) for source in _sources(examples)]
    pairs = [
        (row * longest + place, token)
        for row, example in enumerate(examples)
        for place, token in enumerate(example.ids)
    ]
    return {
        "input_ids": torch.tensor(given), "source_ids": torch.tensor(read), "source_mask": torch.tensor(mask),
        **_aims(pairs),
    }  # fmt: skip


def _sources(examples: Sequence[Example]) -> list[list[int]]:
    return [example.source for example in examples]


def _aims(pairs: list[tuple[int, int]]) -> Tensors:
    """Return places and targets of what is learnt."""
    both = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)
    return {"places": both[:, 0].contiguous(), "targets": both[:, 1].contiguous()}
