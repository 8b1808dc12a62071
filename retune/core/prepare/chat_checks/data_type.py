"""A row is an object, and so is each of its messages."""

from __future__ import annotations

from retune.core.prepare.conversations import Conversation

LEVEL = "error"
MEANING = "not a JSON object"


def faults(one: Conversation) -> int:
    """Count the row where it is no object, and each message that is none."""
    return int(not one.is_object) + len(one.messages) - len(one.objects)
