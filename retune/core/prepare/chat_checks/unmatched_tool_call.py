"""What a tool answers belongs to a call that was made before it."""

from __future__ import annotations

from typing import Any

from retune.core.prepare.conversations import Conversation

LEVEL = "error"
MEANING = "an answer of a tool whose tool_call_id no earlier call has"


def faults(one: Conversation) -> int:
    """Count answers of tools without their call."""
    called: list[Any] = []
    lost = 0
    for message in one.objects:
        if message.get("role") == "tool":
            lost += message.get("tool_call_id") not in called
        called += _ids(message.get("tool_calls"))
    return lost


def _ids(calls: Any) -> list[Any]:
    """Return the ids of calls."""
    given = calls if isinstance(calls, list) else []
    return [call["id"] for call in given if isinstance(call, dict) and call.get("id")]
