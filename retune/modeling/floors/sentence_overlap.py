"""The sentence of the passage that has most words of the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retune.core.metrics._words import words
from retune.core.targets import answers
from retune.modeling.floors._sentences import sentences

if TYPE_CHECKING:
    import pandas as pd

NAME = "the nearest sentence"


def answer(_learnt: pd.DataFrame, asked: pd.DataFrame, _predictor: object) -> list[str]:
    """Return one sentence per row that is asked, none where the passage has none."""
    return [_nearest(question, passage) for question, passage in zip(asked["text"], asked["context"], strict=True)]


def _nearest(question: str, passage: str) -> str:
    """Return the sentence as an answer; of equally near ones the first."""
    wanted, bounds = set(words(question)), sentences(passage)
    if not bounds:
        return answers.dump([])
    start, end = max(bounds, key=lambda one: len(wanted & set(words(passage[one[0] : one[1]]))))
    return answers.dump([answers.Answer(passage[start:end], start)])
