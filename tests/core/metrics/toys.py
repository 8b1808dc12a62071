"""Answers that are right so often, for every kind of metric."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

WORDS = ["printer", "invoice", "floor", "the", "badge", "lost", "please", "before", "travel", "of", "monday", "team"]


@dataclass(frozen=True)
class Toy:
    """What is true, and answers to it: some, the best and none."""

    truth: Sequence[Any]
    answers: Sequence[Any]
    best: Sequence[Any]
    none: Sequence[Any]


def labels(rows: int, right: float, seed: int) -> Toy:
    draw = random.Random(seed)
    truth = [draw.choice("aaabbc") for _ in range(rows)]
    answers = [label if draw.random() < right else draw.choice("abc") for label in truth]
    return Toy(truth, answers, truth, [""] * rows)


def sets(rows: int, right: float, seed: int) -> Toy:
    draw = random.Random(seed)
    truth = [sorted(draw.sample("abcd", k=draw.randint(1, 3))) for _ in range(rows)]
    answers = [[label for label in "abcd" if (label in row) == (draw.random() < right)] for row in truth]
    return Toy(truth, answers, truth, [[]] * rows)


def tags(rows: int, right: float, seed: int) -> Toy:
    draw = random.Random(seed)
    truth = [[draw.choice(["O", "O", "B-PER", "I-PER", "B-ORG", "I-ORG"]) for _ in range(9)] for _ in range(rows)]
    truth = [["B-PER", "I-PER", "O", *row] for row in truth]
    answers = [[tag if draw.random() < right else "O" for tag in row] for row in truth]
    return Toy(truth, answers, truth, [[]] * rows)


def text(rows: int, right: float, seed: int) -> Toy:
    draw = random.Random(seed)
    truth = [draw.choices(WORDS, k=draw.randint(6, 12)) for _ in range(rows)]
    answers = [
        [word if draw.random() < right**0.2 else draw.choice(WORDS) for word in row] if draw.random() < 0.9 else row
        for row in truth
    ]
    references = [[" ".join(row), "nobody would say this"] for row in truth]
    return Toy(references, [" ".join(row) for row in answers], [row[0] for row in references], [""] * rows)


def loss(rows: int, right: float, seed: int) -> Toy:
    draw = random.Random(seed)
    truth = [draw.randint(1, 40) for _ in range(rows)]
    return Toy(truth, [tokens * draw.expovariate(right) for tokens in truth], [0.0] * rows, [inf] * rows)


def confidence(rows: int, right: float, seed: int) -> Toy:
    draw = random.Random(seed)
    truth = [draw.random() < right for _ in range(rows)]
    sure = [float(hit) for hit in truth]
    return Toy(truth, [draw.uniform(0.8, 1.0) ** 0.5 for _ in truth], sure, [1 - value for value in sure])


KINDS: dict[str, Callable[[int, float, int], Toy]] = {
    "labels": labels, "sets": sets, "tags": tags, "spans": text, "text": text, "loss": loss, "confidence": confidence,
}  # fmt: skip


def uniform(low: float, high: float, rows: int, seed: int) -> list[float]:
    """Return numbers from a range, each as likely as any other."""
    draw = random.Random(seed)
    return [draw.uniform(low, high) for _ in range(rows)]
