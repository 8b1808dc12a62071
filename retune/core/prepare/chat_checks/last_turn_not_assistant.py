"""A conversation ends with an answer: what comes after the last one is not learnt."""

from __future__ import annotations

from retune.core.prepare.conversations import Conversation

LEVEL = "warning"
MEANING = "the last turn is not the assistant's"


def faults(one: Conversation) -> int:
    """Count the row whose last turn is another's."""
    return int(bool(one.told) and one.told[-1].get("role") != "assistant")
