"""Extractive question answering: the piece of a passage that answers a question, or that the passage has none."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from pydantic import Field

from retune.core.params import base as settings_base
from retune.core.targets import answers
from retune.core.targets.answers import Answer
from retune.modeling.words import Span

HEAD, TARGET = "span", "answers"
COLUMNS = ("text", "context")  # the question, the passage
PRIMARY = "span_f1"
METRICS = ("span_f1", "exact_match")
FLOORS = ("sentence_overlap",)
PLOTS = ("floors", "reliability")
EXAMPLE = [  # made up
    {
        "text": "On which floor does the printer not print?",
        "context": "The printer on the third floor does not print. Its toner was changed on Monday.",
    },
    {"text": "Who paid the invoice of March?", "context": "The invoice of March was paid twice by Anna Berg."},
]


class Settings(settings_base.Settings):
    """How passages are read and answers are cut."""

    overlap_tokens: int = Field(ge=0)
    """Tokens that two windows of a passage share where it is longer than train.max_length: an answer at the edge of one
    stands whole in the other."""

    max_answer_tokens: int = Field(ge=1)
    """Tokens of an answer at most."""


def span_of(label: str) -> Span | None:
    """Return the characters of the answer that is learnt, the first; None where the passage has none."""
    known = answers.parse(label)
    return (known[0].start, known[0].start + len(known[0].text)) if known else None


def decode(contexts: Sequence[str], spans: Sequence[Span | None], confidences: Sequence[float]) -> pd.DataFrame:
    """Return prediction and confidence for the characters of each answer; its text is the passage's own."""
    found = [
        answers.dump([] if span is None else [Answer(context[slice(*span)], span[0])])
        for context, span in zip(contexts, spans, strict=True)
    ]
    return pd.DataFrame({"prediction": found, "confidence": list(confidences)}).astype(
        {"prediction": "str", "confidence": "float64"}
    )
