"""A message is of a role that a chat template knows."""

from __future__ import annotations

from retune.core.prepare.conversations import Conversation

LEVEL = "error"
MEANING = "a message of a role that is not known"
KNOWN = ("system", "developer", "user", "assistant", "function", "tool")


def faults(one: Conversation) -> int:
    """Count messages of another role."""
    return sum(message.get("role") not in KNOWN for message in one.objects)
