"""Targets that are lists stand in their cells as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def load(label: str) -> list[Any]:
    """Return the list in a cell; raises ValueError that says what stands there instead."""
    if not label.strip():
        raise ValueError("no label")
    try:
        value = json.loads(label)
    except (ValueError, RecursionError) as error:
        raise ValueError("the label is not JSON") from error
    if not isinstance(value, list):
        raise ValueError(f"the label is a JSON {type(value).__name__}, not a list")
    return value


def objects(label: str, keys: dict[str, type]) -> list[dict[str, Any]]:
    """Return the objects in a cell, each with these keys of these types and no others; raises ValueError otherwise."""
    values = load(label)
    for number, value in enumerate(values, 1):
        known = {name: type(one) for name, one in value.items()} if isinstance(value, dict) else {}
        if known != keys:  # by exact type: true is no number
            raise ValueError(f"entry {number} of the label has not {', '.join(keys)} as it must")
    return values


def refuse(kind: str, target: str) -> ValueError:
    """Return the error for a metric of a kind that says nothing of a target."""
    return ValueError(f"a metric of {kind} says nothing of {target}")


def dump(values: Sequence[Any]) -> str:
    """Return a list as it stands in a cell: the same list is the same text."""
    return json.dumps(list(values), ensure_ascii=False)
