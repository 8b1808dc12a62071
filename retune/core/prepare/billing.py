"""What a hosted service trains by default and what it bills, by the published arithmetic of OpenAI's cookbook."""

from __future__ import annotations

from collections.abc import Sequence

TARGET_EPOCHS = 3
MIN_TARGET_EXAMPLES = 100
MAX_TARGET_EXAMPLES = 25_000
MIN_EPOCHS = 1
MAX_EPOCHS = 25
SECONDS_PER_ROW = 1.44
SECONDS_AT_LEAST = 140.0


def default_epochs(examples: int) -> int:
    """Return how often that many examples are passed through: 3 times, more of few and fewer of many."""
    if examples * TARGET_EPOCHS < MIN_TARGET_EXAMPLES:
        return min(MAX_EPOCHS, MIN_TARGET_EXAMPLES // examples)
    if examples * TARGET_EPOCHS > MAX_TARGET_EXAMPLES:
        return max(MIN_EPOCHS, MAX_TARGET_EXAMPLES // examples)
    return TARGET_EPOCHS


def billed_tokens(lengths: Sequence[int], limit: int, epochs: int) -> int:
    """Return the tokens that are paid for: of each example no more than the limit, once per epoch."""
    return epochs * sum(min(limit, length) for length in lengths)


def classification_seconds(rows: int) -> float:
    """Return how long OpenAI's tool said that its service takes for so many rows of classes."""
    return round(rows * SECONDS_PER_ROW + SECONDS_AT_LEAST, 2)
