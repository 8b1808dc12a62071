"""Texts of any length as windows of tokens that overlap, so that nothing is cut, and their batches by length.

Batches are padded on the right whatever side the tokenizer prefers: what is no padding then has the same place in any
batch, and no number depends on what it was padded to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import torch

from retune.core.errors import UserError
from retune.modeling import batches
from retune.modeling.words import Span

Floats = np.ndarray[Any, np.dtype[np.float32]]
Tensors = dict[str, torch.Tensor]
T = TypeVar("T", bound=Sized)


@dataclass(frozen=True)
class Window:
    """A stretch of the tokens of a row's text as the model reads it, behind its question where it has one."""

    row: int
    ids: list[int]
    segments: list[int]  # of each id 0, and 1 in the second text of a pair; none where the model takes none
    first: int  # the place in `ids` of the first token of the text
    start: int  # which token of the whole text that is
    offsets: list[Span]  # the characters that each token of the text covers here
    owned: Span  # the tokens of the whole text that no other window answers for

    def __len__(self) -> int:
        return len(self.ids)


def cut(
    tokenizer: Any, texts: Sequence[str], max_length: int, overlap: int, questions: Sequence[str] | None = None
) -> list[Window]:
    """Return the windows of all texts in their order, each of at most `max_length` tokens with its question before it.

    Raises UserError where `overlap` tokens leave no room for new ones.
    """
    if not len(texts):
        return []
    refuse_small_windows(tokenizer, max_length, overlap, pair=questions is not None)
    tokenizer.truncation_side = "right"
    pair = (list(texts),) if questions is None else (list(questions), list(texts))
    encoded = tokenizer(
        *pair, truncation=True if questions is None else "only_second", max_length=max_length, stride=overlap,
        return_overflowing_tokens=True, return_offsets_mapping=True, return_attention_mask=False,
    )  # fmt: skip
    found: list[Window] = []
    for place, row in enumerate(encoded["overflow_to_sample_mapping"]):
        last = found[-1] if found and found[-1].row == row else None
        found.append(_window(encoded, place, row, last, overlap, side=len(pair) - 1))
    return _owning(found)


def refuse_small_windows(tokenizer: Any, max_length: int, overlap: int, *, pair: bool) -> None:
    """Raise UserError where windows would hold nothing but what they share; half of one may be a question."""
    room = (max_length // 2 if pair else max_length) - tokenizer.num_special_tokens_to_add(pair=pair)
    if overlap >= room:
        raise UserError(
            expected=f"windows of train.max_length: {max_length} that overlap by fewer than {room} tokens",
            found=f"train.task_settings.overlap_tokens: {overlap}", todo="Lower it, or raise max_length.",
        )  # fmt: skip


def _window(encoded: Any, place: int, row: int, last: Window | None, overlap: int, *, side: int) -> Window:
    """Return one window; `last` is the one before it of the same row, `side` which text of a pair is cut."""
    ids = list(encoded["input_ids"][place])
    places = [number for number, sequence in enumerate(encoded.sequence_ids(place)) if sequence == side]
    offsets = [encoded["offset_mapping"][place][number] for number in places]
    start = 0 if last is None else last.start + len(last.offsets) - overlap
    segments = list(encoded["token_type_ids"][place]) if side == 1 and "token_type_ids" in encoded else []
    owned = (start, start + len(offsets))
    return Window(row, ids, segments, places[0] if places else len(ids), start, offsets, owned)


def _owning(windows: Sequence[Window]) -> list[Window]:
    """Return the windows with each token owned once: two part what they share in its middle, where both see enough."""
    edges = [(window.start, window.start + len(window.offsets)) for window in windows]
    for place, (before, after) in enumerate(pairwise(windows)):
        if before.row == after.row:
            middle = (after.start + before.start + len(before.offsets)) // 2
            edges[place], edges[place + 1] = (edges[place][0], middle), (middle, edges[place + 1][1])
    return [replace(window, owned=owned) for window, owned in zip(windows, edges, strict=True)]


def offsets_of(windows: Sequence[Window]) -> list[Span]:
    """Return the characters of every token of a text, from all its windows."""
    return [
        span
        for window in windows
        for span in window.offsets[window.owned[0] - window.start : window.owned[1] - window.start]
    ]


def by_row(windows: Sequence[Window], rows: int) -> list[list[int]]:
    """Return of each row the positions of its windows, in their order."""
    found: list[list[int]] = [[] for _ in range(rows)]
    for place, window in enumerate(windows):
        found[window.row].append(place)
    return found


def pad(windows: Sequence[Window], pad_id: int) -> Tensors:
    """Return ids, mask and, where the model reads them, segments [windows, longest]."""
    padded = batches.pad([window.ids for window in windows], pad_id)
    if not any(window.segments for window in windows):
        return padded
    segments = batches.pad([window.segments for window in windows], 0)["input_ids"]
    return {**padded, "token_type_ids": segments}


def compute(
    function: Callable[..., torch.Tensor], items: Sequence[T], collate: Callable[[Sequence[T]], Tensors],
    lengths: Sequence[int], device: torch.device,
) -> list[Floats]:  # fmt: skip
    """Return `function` of all items in their order, asked in batches without labels, each [its length, ...]."""
    found: dict[int, Floats] = {}
    with torch.inference_mode():
        for positions in batches.by_length(items):
            batch = collate([items[position] for position in positions])
            asked = {name: tensor.to(device) for name, tensor in batch.items() if name != "labels"}
            answers = function(**asked).float().cpu().numpy()
            found |= {place: answer[: lengths[place]] for place, answer in zip(positions, answers, strict=True)}
    return [found[place] for place in range(len(items))]


def flat(answers: Sequence[Floats]) -> Floats:
    """Return each answer in one row of numbers, as long as the longest; behind its own end are zeros."""
    longest = max(found.size for found in answers)
    return np.stack([np.pad(found.ravel(), (0, longest - found.size)) for found in answers])
