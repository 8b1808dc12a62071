"""Turns alternate; tools may answer one after another."""

from __future__ import annotations

from itertools import pairwise

from retune.core.prepare.conversations import Conversation

LEVEL = "warning"
MEANING = "two turns of the same role in a row"
ALTERNATING = ("system", "user", "assistant")


def faults(one: Conversation) -> int:
    """Count turns that follow on one of the same role."""
    roles = [message.get("role") for message in one.told]
    return sum(first == second and first in ALTERNATING for first, second in pairwise(roles))
