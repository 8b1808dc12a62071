"""Settings of evaluate."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from retune.core.params.base import Settings

FEWEST_MEMBERSHIP_ROWS = 100  # among fewer held-out rows no rate of 1 % can be measured


def _growing(bounds: tuple[int, ...]) -> tuple[int, ...]:
    """Refuse bounds that do not grow: a row would lie in none or two of the ranges."""
    if any(high <= low for low, high in pairwise(bounds)):
        raise ValueError("each bound must be greater than the one before")
    return bounds


Bounds = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1), AfterValidator(_growing)]


class SliceParams(Settings):
    """Into which parts the test rows are sorted; department, language and others stand in `examples.slices`."""

    minimum_rows: Annotated[int, Field(ge=1)]
    """Values with fewer test rows than this are counted together: their own score would say little."""

    length_characters: Bounds
    """The upper ends of the ranges of text lengths; one more range holds what is longer."""

    age_days: Bounds
    """The upper ends of the ranges of ages, in days before the newest test row; one more holds what is older."""


class LeakageParams(Settings):
    """When a test row counts as known from training; the first three are those of the split."""

    passage_words: Annotated[int, Field(ge=5)]
    """Passages are compared by their runs of so many words."""

    passage_minimum_words: Annotated[int, Field(ge=5)]
    """A whole text shorter than `passage_words` is looked for as one run if it has at least so many words."""

    passage_share: Annotated[float, Field(gt=0, le=1)]
    """A test row has leaked if a row that training read holds at least this share of its runs."""

    copy_words: Annotated[int, Field(ge=5)]
    """Length in words of the runs whose copies among the training rows are counted."""


class TriggerParams(Settings):
    """How widely words that turn answers are looked for; texts times words is the number of questions."""

    texts: Annotated[int, Field(ge=1)]
    """Test rows into which words are put."""

    tokens: Annotated[int, Field(ge=1, le=200)]
    """Words that are put into each: half from the training rows, half such as nobody writes."""


class EvaluateParams(Settings):
    """How the scores are given."""

    seed: Annotated[int, Field(ge=0)]
    """Seed of the resampling behind the intervals, and of which rows are asked in changed form."""

    alpha: Annotated[float, Field(gt=0, le=0.1)]
    """A gain counts as shown if its p is smaller than this."""

    worst_errors: Annotated[int, Field(ge=1)]
    """How many of the errors are kept with their text, the most confident first."""

    slices: SliceParams
    """Into which parts the test rows are sorted."""

    leakage: LeakageParams
    """When a test row counts as known from training."""

    membership_rows: Annotated[int, Field(ge=0)]
    """So many training rows and test rows are asked whether the model tells them apart; 0 does not ask."""

    refusals: tuple[Annotated[str, Field(min_length=1)], ...]
    """How a written answer begins that refuses; one that is empty refuses too."""

    verbatim_passages: Annotated[int, Field(ge=0)]
    """Of models that write: so many training passages are begun, to see whether the model goes on with them word for
    word, and with the personal data that was taken out of them; 0 does not ask."""

    triggers: TriggerParams
    """How widely words that turn answers are looked for."""
