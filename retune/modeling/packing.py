"""Examples in packs of at most so many tokens: a step of the optimiser then learns from like amounts of text."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

from retune.modeling.dialogue import Example


@dataclass(frozen=True)
class Pack:
    """Examples that fill one row of a batch; none of them sees another."""

    examples: tuple[Example, ...]

    def __len__(self) -> int:
        return sum(map(len, self.examples))

    @property
    def learnt_tokens(self) -> int:
        """Return how many tokens have a loss."""
        return sum(example.learnt_tokens for example in self.examples)


def alone(examples: Sequence[Example]) -> list[Pack]:
    """Return each example as a pack of its own."""
    return [Pack((example,)) for example in examples]


def best_fit(examples: Sequence[Example], capacity: int) -> list[Pack]:
    """Return packs of at most `capacity` tokens: from the longest example on, each goes where it leaves least room.

    Best-fit decreasing needs at most 11/9 of the fewest packs (Johnson et al., 1974). A longer example is a pack alone.
    """
    packs: list[list[Example]] = []
    rooms: list[tuple[int, int]] = []  # what is free, and in which pack, from the least on
    for example in sorted(examples, key=len, reverse=True):
        place = bisect_left(rooms, (len(example), -1))
        free, pack = rooms.pop(place) if place < len(rooms) else (capacity, len(packs))
        packs += [[]] * (pack == len(packs))
        packs[pack] = [*packs[pack], example]
        insort(rooms, (free - len(example), pack))
    return [Pack(tuple(pack)) for pack in packs]
