"""A row of a chat file, or of a file of preferences, as its checks see it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

PREFERENCES = ("input", "preferred_output", "non_preferred_output")
MESSAGES = "messages"
CALLS = ("function_call", "tool_calls")


@dataclass(frozen=True)
class Conversation:
    """The messages of a row, all of them, and those that follow on each other; empty where it has none."""

    is_object: bool
    messages: tuple[Any, ...] = ()
    turns: tuple[Any, ...] = ()

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Return the messages that are objects."""
        return [message for message in self.messages if isinstance(message, dict)]

    @property
    def told(self) -> list[dict[str, Any]]:
        """Return the turns that are objects."""
        return [message for message in self.turns if isinstance(message, dict)]

    def has_role(self, *roles: str) -> bool:
        """Tell whether one of the turns is of such a role."""
        return any(message.get("role") in roles for message in self.told)


def is_chat(rows: Sequence[Any]) -> bool:
    """Tell whether a file holds conversations or preferences rather than prompts and completions."""
    keys = {key for row in rows if isinstance(row, dict) for key in row}
    return (MESSAGES in keys or set(PREFERENCES) <= keys) and "prompt" not in keys


def conversation(row: Any) -> Conversation:
    """Return the messages of a row; of a preference, what was asked, what was preferred and what was not."""
    if not isinstance(row, dict):
        return Conversation(is_object=False)
    if MESSAGES in row or not set(PREFERENCES) <= set(row):
        messages = _list(row.get(MESSAGES))
        return Conversation(True, messages, messages)
    given = row["input"]
    asked = _list(given.get(MESSAGES) if isinstance(given, dict) else None)
    better, worse = _list(row["preferred_output"]), _list(row["non_preferred_output"])
    if not (asked and better and worse):
        return Conversation(is_object=True)
    return Conversation(True, asked + better + worse, asked + better)


def calls_of(message: dict[str, Any]) -> bool:
    """Tell whether a message calls a function or a tool."""
    return any(message.get(key) for key in CALLS)


def texts_of(message: dict[str, Any]) -> Iterable[str]:
    """Yield what of a message a model reads: its texts and calls; pictures are not counted."""
    for key, value in message.items():
        if isinstance(value, str):
            yield value
        elif key == "content" and isinstance(value, list):
            yield from (part["text"] for part in value if isinstance(part, dict) and isinstance(part.get("text"), str))
        elif key in CALLS and value:
            yield json.dumps(value, ensure_ascii=False)


def _list(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else ()
