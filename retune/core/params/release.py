"""Settings of the release: what a model must show before it becomes the champion."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from retune.core.params.base import Settings

Score = Annotated[float, Field(gt=0, le=1)]
Policy = Literal["improve", "replace"]


class ReplaceParams(Settings):
    """When a candidate may take the champion's place without being better: where it is shown to be no worse."""

    margin: Annotated[float, Field(gt=0, le=0.1)]
    """The loss that counts as none (0.02: 2 points): the 95 % bound of the gain must lie above its negative."""

    champion_max_age_days: Annotated[int, Field(ge=1)]
    """Days from its registration after which a champion is too old to be held to `improve`."""

    recent_days: Annotated[int, Field(ge=0)]
    """The comparison is made on the test rows dated within so many days of the newest; 0 takes all of them."""

    recent_minimum_rows: Annotated[int, Field(ge=1)]
    """Where fewer test rows than this are recent, all of them are compared."""


class ReleaseParams(Settings):
    """The policy by which a candidate is promoted; thresholds and floors hold under either policy."""

    policy: Policy
    """What the champion asks of a candidate: `improve`, a gain that the paired test shows, or `replace`, no loss."""

    after_drift: Policy
    """The same for a run that drift started, where MLflow has the window by which the drift of this champion showed."""

    replace: ReplaceParams
    """What `replace` asks; it also holds for a champion that was withdrawn or is too old."""

    thresholds: Annotated[dict[str, Score], Field(min_length=1)]
    """The least that each of these metrics must reach on the test split, champion or not."""

    floors: Annotated[list[Literal["probe", "tfidf"]], Field(min_length=1)]
    """The simple models whose macro-F1 on the same rows the candidate must exceed."""

    alpha: Annotated[float, Field(gt=0, le=0.1)]
    """The paired test against the champion must give a smaller p than this."""

    gain_of_interest: Annotated[float, Field(gt=0, lt=0.5)]
    """The true gain in accuracy (0.05: 5 points) of which the summary says how likely this test split would show it."""
