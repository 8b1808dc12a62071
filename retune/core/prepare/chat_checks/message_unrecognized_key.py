"""A message has no keys but those that a service reads."""

from __future__ import annotations

from retune.core.prepare.conversations import Conversation

LEVEL = "error"
MEANING = "a message with a key that is not known"
KNOWN = frozenset({"role", "content", "name", "function_call", "weight", "tool_calls", "tool_call_id"})


def faults(one: Conversation) -> int:
    """Count messages with another key."""
    return sum(not set(message) <= KNOWN for message in one.objects)
