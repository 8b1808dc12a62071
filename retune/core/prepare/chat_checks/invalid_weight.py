"""A weight says whether an answer is learnt: 0 or 1."""

from __future__ import annotations

from typing import Any

from retune.core.prepare.conversations import Conversation

LEVEL = "error"
MEANING = "a weight other than 0 and 1"


def faults(one: Conversation) -> int:
    """Count messages with another weight."""
    return sum("weight" in message and not _allowed(message["weight"]) for message in one.objects)


def _allowed(weight: Any) -> bool:
    return isinstance(weight, int | float) and not isinstance(weight, bool) and weight in (0, 1)
