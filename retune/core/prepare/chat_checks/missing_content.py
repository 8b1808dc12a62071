"""A message says something: a text, or parts of text and pictures; beside a call it may be empty or null."""

from __future__ import annotations

from typing import Any

from retune.core.prepare.conversations import Conversation, calls_of

LEVEL = "error"
MEANING = "a message with an empty content, or one that is no text"
PARTS = ("text", "image_url", "input_audio", "refusal", "file")


def faults(one: Conversation) -> int:
    """Count messages without content."""
    return sum(not _says(message) for message in one.objects)


def _says(message: dict[str, Any]) -> bool:
    content = message.get("content")
    if content is None or content == "":
        return calls_of(message)
    return isinstance(content, str) or _are_parts(content)


def _are_parts(content: Any) -> bool:
    """Tell whether a content is a list of parts, each of which holds what its type says."""
    if not isinstance(content, list) or not content:
        return False
    return all(isinstance(part, dict) and part.get("type") in PARTS and part.get(part["type"]) for part in content)
