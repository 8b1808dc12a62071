"""Settings of the monitor: what is watched, what counts as drift, and when drift starts a training."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from retune.core.params.base import Settings


class TriggerParams(Settings):
    """When drift starts a training."""

    windows: Annotated[int, Field(ge=1)]
    """So many windows of one source must show drift."""

    of: Annotated[int, Field(ge=1)]
    """Out of the last so many of that source, counted since the last training that drift started."""

    cooldown_hours: Annotated[float, Field(ge=0)]
    """Least time between two trainings that drift starts."""

    runs_per_day: Annotated[int, Field(ge=0)]
    """Most trainings that drift starts within 24 hours; 0 only watches."""

    @model_validator(mode="after")
    def _reachable(self) -> TriggerParams:
        """Refuse m of n windows where m is more than n."""
        if self.windows > self.of:
            raise ValueError(f"windows ({self.windows}) must not be more than `of` ({self.of})")
        return self


class MonitorParams(Settings):
    """How new documents and live traffic are held against what the champion was trained on."""

    seed: Annotated[int, Field(ge=0)]
    """Seed of the permutations and of the topics."""

    alpha: Annotated[float, Field(gt=0, le=0.1)]
    """The chance that a window without any change is called drift, over all aspects together (Holm)."""

    minimum_rows: Annotated[int, Field(ge=10)]
    """Fewer different texts than this are not enough data, on either side."""

    window_rows: Annotated[int, Field(ge=50)]
    """Most rows of a window that are compared; of more, a choice by the seed."""

    window_days: Annotated[int, Field(ge=1)]
    """How far back traffic is read; documents count until the champion has seen them, however old they are."""

    near_duplicate: Annotated[float, Field(gt=0, le=1)]
    """Texts that share this part of their different words count once, so that copies do not look like evidence."""

    topics: Annotated[int, Field(ge=2)]
    """Into how many topics reference and window are grouped together."""

    words: Annotated[int, Field(ge=10)]
    """How many of the most frequent words are watched."""

    permutations: Annotated[int, Field(ge=999)]
    """Shuffles behind each p; no p is smaller than 1 / (permutations + 1)."""

    watch: Annotated[dict[str, Annotated[float, Field(ge=0)]], Field(min_length=1)]
    """What is watched (files of retune/core/drift/aspects), each with the least effect that matters: PSI for shares and
    Kolmogorov-Smirnov's distance for numbers, above what chance gives; 0.05 for five points of quality. Below it, drift
    is never called."""

    trigger: TriggerParams
    """When drift starts a training."""

    @model_validator(mode="after")
    def _can_be_significant(self) -> MonitorParams:
        """Refuse so few permutations that no corrected p could fall below alpha: nothing would ever be called drift."""
        least = len(self.watch) / self.alpha
        if self.permutations + 1 <= least:
            raise ValueError(
                f"{len(self.watch)} aspects at alpha {self.alpha:g} need more than {least:.0f} permutations"
            )
        return self
