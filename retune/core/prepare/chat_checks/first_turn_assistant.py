"""A conversation starts with what is asked."""

from __future__ import annotations

from retune.core.prepare.conversations import Conversation

LEVEL = "warning"
MEANING = "the first turn is the assistant's"
BEFORE = ("system", "developer")


def faults(one: Conversation) -> int:
    """Count the row where the assistant speaks first, instructions aside."""
    spoken = [message.get("role") for message in one.told if message.get("role") not in BEFORE]
    return int(spoken[:1] == ["assistant"])
