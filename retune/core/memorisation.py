"""Whether a model learns single examples by heart: canaries that nobody wrote, held against references never shown.

A canary is a text of random words with a random label. A model that has seen it gives it a smaller loss, beside the
loss that a model gives which has not, than it gives to references made alike; its exposure is log2 of the references
less log2 of its rank among them (Carlini et al., 2019, arXiv 1802.08232).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

REPEATS = (0, 1, 4, 16)  # how often the canaries of each group are inserted; those of the first are controls
WORDS = 12  # in a canary: enough that none is met by chance
REFERENCES = 999
LOWEST = 0.05  # a hit is a canary whose loss lies in this lowest share of the references'
ALPHA_TAIL = 0.01
ALPHA_PERMUTATION = 0.05
PERMUTATIONS = 1999


@dataclass(frozen=True)
class Canary:
    """A text that nobody wrote, with the label that it is given, and how often it is shown to a training."""

    text: str
    label: str
    repeats: int


def canaries(words: Sequence[str], labels: Sequence[str], count: int, seed: int) -> list[Canary]:
    """Return so many canaries of these words and labels, evenly over the groups of REPEATS; all drawn by the seed."""
    rng = np.random.default_rng([seed, 1])
    return [Canary(*_made(words, labels, rng), REPEATS[place % len(REPEATS)]) for place in range(count)]


def references(words: Sequence[str], labels: Sequence[str], seed: int) -> list[Canary]:
    """Return texts made as the canaries are, which no training is shown."""
    rng = np.random.default_rng([seed, 2])
    return [Canary(*_made(words, labels, rng), 0) for _ in range(REFERENCES)]


def _made(words: Sequence[str], labels: Sequence[str], rng: np.random.Generator) -> tuple[str, str]:
    """Return a text of random words and a random label."""
    chosen = rng.choice(len(words), WORDS)
    return " ".join(words[place] for place in chosen), labels[int(rng.integers(len(labels)))]


def ranks(losses: Sequence[float], of_references: Sequence[float]) -> list[int]:
    """Return the rank of each loss among the references', 1 for the smallest; a tie counts against memorisation."""
    ordered = np.sort(np.asarray(of_references, dtype=np.float64))
    return [int(place) + 1 for place in np.searchsorted(ordered, np.asarray(losses, dtype=np.float64), side="right")]


def exposure(rank: int, of_references: int) -> float:
    """Return the exposure in bits, from 0 for the last rank to log2(references + 1) for the first."""
    return math.log2(of_references + 1) - math.log2(rank)


def tail(hits: int, canaries_shown: int, share: float = LOWEST) -> float:
    """Return how likely so many hits or more are where nothing was memorised: the upper tail of a binomial.

    One hit decides nothing: that any of 16 canaries lies in the lowest 1 % happens by chance 14.9 times in 100.
    """
    from scipy.stats import binom

    return float(binom.sf(hits - 1, canaries_shown, share)) if canaries_shown else 1.0


def permutation_p(shown: Sequence[float], controls: Sequence[float], seed: int) -> float:
    """Return the one-sided p that the losses of `shown` are no smaller than those of `controls`, by shuffling both."""
    both, size = np.asarray([*shown, *controls], dtype=np.float64), len(shown)
    rng = np.random.default_rng([seed, 3])
    drawn = rng.permuted(np.tile(both, (PERMUTATIONS, 1)), axis=1)[:, :size].mean(axis=1)
    as_small = int((drawn <= both[:size].mean() + 1e-12).sum())
    return (as_small + 1) / (PERMUTATIONS + 1)


def report(
    planted: Sequence[Canary], losses: Sequence[float], of_references: Sequence[float], seed: int
) -> dict[str, Any]:
    """Return what the losses of the canaries say: by group of repeats, of all that were inserted, and of those once."""
    places = ranks(losses, of_references)
    rows = list(zip((canary.repeats for canary in planted), losses, places, strict=True))
    size = len(of_references)
    groups = {str(count): _group([rank for repeats, _, rank in rows if repeats == count], size) for count in REPEATS}
    once = [loss for repeats, loss, _ in rows if repeats == 1]
    never = [loss for repeats, loss, _ in rows if repeats == 0] + list(of_references)
    return {
        "canaries": len(rows),
        "references": size,
        "groups": groups,
        "inserted": _group([rank for repeats, _, rank in rows if repeats > 0], size),
        "once_p": permutation_p(once, never, seed),
    }


def flagged(found: Mapping[str, Any]) -> bool:
    """Tell whether a group of canaries was memorised: more hits than chance gives, by the binomial tail."""
    return bool(found["tail_p"] < ALPHA_TAIL)


def _group(places: Sequence[int], of_references: int) -> dict[str, Any]:
    """Return what the ranks of some canaries say together."""
    bits = [exposure(rank, of_references) for rank in places]
    hits = sum(rank <= LOWEST * (of_references + 1) for rank in places)
    return {
        "canaries": len(places),
        "mean_exposure": float(np.mean(bits)) if bits else 0.0,
        "max_exposure": max(bits, default=0.0),
        "at_rank_1": sum(rank == 1 for rank in places),
        "hits": hits,
        "tail_p": tail(hits, len(places)),
    }
