"""A message has a role and a content; beside a call the content may be absent."""

from __future__ import annotations

from retune.core.prepare.conversations import Conversation, calls_of

LEVEL = "error"
MEANING = "a message without role or content"


def faults(one: Conversation) -> int:
    """Count messages that lack one."""
    lacking = ("role" not in message or ("content" not in message and not calls_of(message)) for message in one.objects)
    return sum(lacking)
