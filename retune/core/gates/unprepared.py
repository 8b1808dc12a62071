"""Prompts and completions in a form that is learnt badly, as `retune prepare` tells it of a file; they stay.

Mostly capitals, a long beginning that all share, one prompt or completion for all, classes with few examples. What ends
a prompt and begins a completion is seen to by the training itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pandas as pd
from pydantic import PositiveInt

from retune.core.gating import Expectation
from retune.core.params.base import Settings
from retune.core.prepare.findings import ERROR, RECOMMENDED
from retune.core.prepare.pair_checks import (
    case,
    completion_beginning,
    completion_ending,
    prompt_beginning,
    prompt_ending,
)
from retune.core.prepare.sheet import CLASSIFICATION, COLUMNS, COMPLETION, Measure, Row, Sheet, kind_of

APPLIES_TO = frozenset({"examples"})
REQUIRES = ("text", "context", "label")
UNIT = "share"
TOLD = {  # the level from which each check is told here
    case: (RECOMMENDED,),
    prompt_beginning: (RECOMMENDED,),
    completion_beginning: (RECOMMENDED,),
    prompt_ending: (ERROR,),
    completion_ending: (ERROR,),
}


class Rules(Settings):
    """When a class is small."""

    minimum_examples: PositiveInt
    """Where completions are classes, of which there are fewer than a third of the examples, each has so many examples
    or more; 100 is what OpenAI advised."""


def column(frame: pd.DataFrame, rules: Rules) -> pd.Series:
    """Return which check speaks of each example, null where none does."""
    sheet = _sheet(frame)
    found = pd.Series([None] * len(frame), index=frame.index, dtype="object")
    if sheet.kind == CLASSIFICATION:
        labels = pd.Series(sheet.texts(COMPLETION), index=frame.index).str.strip()
        found[labels.map(labels.value_counts()) < rules.minimum_examples] = "classes"
    for name in _of_all(sheet):
        found[:] = name
    return found


def expectation(_rules: Rules) -> Expectation:
    """Expect none to."""
    return Expectation("expect_column_values_to_be_null", {})


def _sheet(frame: pd.DataFrame) -> Sheet:
    """Return examples as a sheet of prompts and completions."""
    cells = zip(frame["text"], frame["context"], frame["label"], strict=True)
    pairs = [(_prompt(text, context), label) for text, context, label in cells]
    rows = tuple(Row(number, dict(zip(COLUMNS, pair, strict=True))) for number, pair in enumerate(pairs))
    sheet = Sheet(rows, Measure("characters", 0, len))
    return Sheet(rows, sheet.measure, kind_of(sheet))


def _of_all(sheet: Sheet) -> Iterator[str]:
    """Yield the checks that say something of all rows together."""
    for check, levels in TOLD.items():
        if any(finding.level in levels for finding in check.look(sheet)):
            yield check.__name__.rsplit(".", 1)[-1]


def _prompt(text: str, context: str) -> str:
    """Return a prompt with its context, of a conversation what was said last."""
    if text.startswith('[{"'):
        try:
            text = str(json.loads(text)[-1]["content"])
        except (ValueError, LookupError, TypeError):
            return text
    return f"{text}\n\n{context}" if context else text
