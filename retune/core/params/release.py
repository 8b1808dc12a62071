"""Settings of the release: what a model must show before it becomes the champion."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from retune.core.params.base import Settings

Score = Annotated[float, Field(gt=0, le=1)]


class ReleaseParams(Settings):
    """The policy by which a candidate is promoted."""

    thresholds: Annotated[dict[str, Score], Field(min_length=1)]
    """The least that each of these metrics must reach on the test split, champion or not."""

    floors: Annotated[list[Literal["probe", "tfidf"]], Field(min_length=1)]
    """The simple models whose macro-F1 on the same rows the candidate must exceed."""

    alpha: Annotated[float, Field(gt=0, le=0.1)]
    """The paired test against the champion must give a smaller p than this."""

    gain_of_interest: Annotated[float, Field(gt=0, lt=0.5)]
    """The true gain in accuracy (0.05: 5 points) of which the summary says how likely this test split would show it."""
