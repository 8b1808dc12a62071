"""Examples laid out as batches for a writer: their ids, and the places at which something is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch

from retune.modeling import segments
from retune.modeling.dialogue import Example

Batch = dict[str, Any]


def decoder_batch(examples: Sequence[Example], pad_id: int) -> Batch:
    """Return ids [examples, longest], padded at their ends, and the flat places that foretell what is learnt."""
    longest = max(len(example.ids) for example in examples)
    starts = range(0, longest * len(examples), longest)
    ids = [example.ids + [pad_id] * (longest - len(example.ids)) for example in examples]
    return {"input_ids": torch.tensor(ids), **_aims(_foretold(examples, starts))}


def flat_batch(examples: Sequence[Example]) -> Batch:
    """Return ids [1, tokens] of examples one after the other, from the longest on, their positions and segments."""
    order = falling(examples)
    lengths = [len(examples[place].ids) for place in order]
    starts = [0, *accumulate(lengths)]
    arranged = segments.arranged(lengths)
    return {
        "input_ids": torch.tensor([[token for place in order for token in examples[place].ids]]),
        "position_ids": torch.cat([torch.arange(length) for length in lengths]).unsqueeze(0),
        "gather": arranged.gather, "scatter": arranged.scatter, "shapes": torch.tensor(arranged.shapes),
        **_aims(_foretold([examples[place] for place in order], starts)),
    }  # fmt: skip


def falling(examples: Sequence[Example]) -> list[int]:
    """Return the places of examples from the longest to the shortest."""
    return sorted(range(len(examples)), key=lambda place: -len(examples[place].ids))


def encoder_batch(examples: Sequence[Example], pad_id: int, start_id: int) -> Batch:
    """Return what an encoder reads with its mask, and what a decoder is given: each token foretells the next."""
    longest, widest = (max(map(len, sides)) for sides in ([one.ids for one in examples], _sources(examples)))
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


def _foretold(examples: Sequence[Example], starts: Sequence[int]) -> list[tuple[int, int]]:
    """Return for each token that is learnt the place before it, counted from its example's start, and the token."""
    return [
        (start + place - 1, example.ids[place])
        for start, example in zip(starts, examples, strict=False)
        for place in range(1, len(example.ids))
        if example.learnt[place]
    ]


def _aims(pairs: list[tuple[int, int]]) -> Batch:
    """Return places and targets of what is learnt."""
    both = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)
    return {"places": both[:, 0].contiguous(), "targets": both[:, 1].contiguous()}
