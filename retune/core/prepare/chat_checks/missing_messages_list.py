"""A row has messages; a preference has them in its input and in both of its outputs."""

from __future__ import annotations

from retune.core.prepare.conversations import Conversation

LEVEL = "error"
MEANING = "no list of messages, or an empty one"


def faults(one: Conversation) -> int:
    """Count the row where it has none."""
    return int(one.is_object and not one.messages)
