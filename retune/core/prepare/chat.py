"""Conversations: faults counted by kind, figures of what they hold, and what a hosted service would bill."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from retune.core.parts import load_all
from retune.core.prepare import chat_checks
from retune.core.prepare.billing import billed_tokens, default_epochs
from retune.core.prepare.conversations import Conversation, conversation, texts_of
from retune.core.prepare.findings import ERROR, NECESSARY, RECOMMENDED, WARNING, Drop, Finding, counted, listed
from retune.core.prepare.pairs import Accept, Said
from retune.core.prepare.sheet import Measure

PER_MESSAGE, PER_NAME, PER_CONVERSATION = 3, 1, 3  # tokens that a service adds, as the cookbook counts them
TOKENS = "tokens"


@dataclass(frozen=True)
class CheckedChat:
    """What all checks said, and the rows that stand, by their numbers in the file."""

    rows: dict[int, Any]
    said: tuple[Said, ...] = ()
    format_errors: dict[str, int] = field(default_factory=dict)
    removed: dict[str, tuple[int, ...]] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """Return why the file cannot be trained on; nothing where it can."""
        return "; ".join(one.finding.message for one in self.said if one.finding.level == ERROR)


def checks() -> dict[str, ModuleType]:
    """Return all checks of a conversation by name."""
    return load_all(chat_checks.__name__)


def check_chat(values: Sequence[Any], measure: Measure, accept: Accept, *, drop_invalid: bool) -> CheckedChat:
    """Run all checks; rows with a fault are left out only where that is asked for, and are errors otherwise."""
    rows = dict(enumerate(values))
    read = {number: conversation(value) for number, value in rows.items()}
    said, counts, invalid = _said(read, drop_invalid=drop_invalid)
    removed: dict[str, tuple[int, ...]] = {}
    if drop_invalid and invalid:
        removed["invalid"] = tuple(sorted(invalid))
        rows = {number: value for number, value in rows.items() if number not in invalid}
    if not rows:
        said = (*said, Said("invalid", Finding(ERROR, "no row is left to train on")))
    again = _duplicates(rows)
    if again is not None:
        done = accept("duplicates", again)
        said = (*said, Said("duplicates", again, applied=done))
        removed |= {"duplicates": again.rows} if done else {}
        rows = {number: value for number, value in rows.items() if not (done and number in again.rows)}
    figures = figures_of([read[number] for number in rows], measure) if rows else {}
    said = (*said, *advice(figures))
    return CheckedChat(rows, said, counts, removed, figures)


def _said(
    read: dict[int, Conversation], *, drop_invalid: bool
) -> tuple[tuple[Said, ...], dict[str, int], frozenset[int]]:
    """Return a finding per kind of fault, how often each error occurs, and which rows have one."""
    said, counts, invalid = [], {}, set()
    for name, part in checks().items():
        faults = {number: part.faults(one) for number, one in read.items()}
        rows = tuple(number for number, times in faults.items() if times)
        if not rows:
            continue
        level = NECESSARY if drop_invalid and part.LEVEL == ERROR else part.LEVEL
        message = f"{name}: {part.MEANING}, {counted(sum(faults.values()), 'time')} in rows {listed(rows)}"
        drop = Drop(rows) if level == NECESSARY else None
        said.append(Said(name, Finding(level, message, rows, drop), applied=drop is not None))
        if part.LEVEL == ERROR:
            counts[name] = sum(faults.values())
            invalid |= set(rows)
    return tuple(said), counts, frozenset(invalid)


def _duplicates(rows: dict[int, Any]) -> Finding | None:
    """Return the rows that repeat an earlier one, whatever the order of their keys."""
    seen: set[str] = set()
    again = []
    for number, value in rows.items():
        text = json.dumps(value, sort_keys=True)
        if text in seen:
            again.append(number)
        seen.add(text)
    if not again:
        return None
    said = f"{counted(len(again), 'row')} repeated exactly, to be left out: {listed(tuple(again))}"
    return Finding(RECOMMENDED, said, tuple(again), Drop(tuple(again)))


def figures_of(read: Sequence[Conversation], measure: Measure) -> dict[str, Any]:
    """Return counts and distributions; what needs tokens is None where there is no tokenizer to count them."""
    lengths = [length_of(one.told, measure) for one in read]
    answers = [sum(_spoken(message, measure) for message in one.told) for one in read]
    epochs, is_counted = default_epochs(len(read)), measure.unit == TOKENS
    return {
        "without_system": sum(not one.has_role("system", "developer") for one in read),
        "without_user": sum(not one.has_role("user") for one in read),
        "roles": dict(sorted(Counter(str(message.get("role")) for one in read for message in one.told).items())),
        "messages": distribution([len(one.turns) for one in read]),
        "length": distribution(lengths),
        "assistant_length": distribution(answers),
        "unit": measure.unit,
        "limit": measure.limit if is_counted else None,
        "will_be_truncated": sum(length > measure.limit for length in lengths) if is_counted else None,
        "epochs": epochs,
        "billed_tokens": billed_tokens(lengths, measure.limit, epochs) if is_counted else None,
    }


def length_of(messages: Sequence[dict[str, Any]], measure: Measure) -> int:
    """Return how long a conversation is; of tokens, with those that a service adds to each message."""
    length = sum(measure.count(text) for message in messages for text in texts_of(message))
    if measure.unit != TOKENS:
        return length
    named = sum("name" in message for message in messages)
    return length + PER_MESSAGE * len(messages) + PER_NAME * named + PER_CONVERSATION


def distribution(values: Sequence[int]) -> dict[str, float]:
    """Return least, greatest, mean, median and the quantiles at 5 % and 95 %."""
    quantiles = {name: quantile(values, share) for name, share in (("median", 0.5), ("p5", 0.05), ("p95", 0.95))}
    return {"min": min(values), "max": max(values), "mean": sum(values) / len(values), **quantiles}


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of all lies, between two neighbours in a straight line, as numpy does."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def advice(figures: dict[str, Any]) -> list[Said]:
    """Return what the figures warn of."""
    cut = figures.get("will_be_truncated")
    if not cut:
        return []
    said = f"{counted(cut, 'conversation')} over {figures['limit']} tokens: what is beyond will be truncated"
    return [Said("length", Finding(WARNING, said))]


def _spoken(message: dict[str, Any], measure: Measure) -> int:
    """Return how long the content of a message of the assistant is."""
    if message.get("role") != "assistant":
        return 0
    return sum(measure.count(text) for text in texts_of({"content": message.get("content")}))
