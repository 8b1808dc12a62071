"""A conversation has an answer to learn from."""

from __future__ import annotations

from retune.core.prepare.conversations import Conversation

LEVEL = "error"
MEANING = "no message of the assistant"


def faults(one: Conversation) -> int:
    """Count the row where it has messages but none of the assistant."""
    return int(bool(one.messages) and not one.has_role("assistant"))
