"""Settings of the rehearsal: trainings beside the real one, which answer what one training cannot."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from retune.core.params.base import Settings

FEWEST_CANARIES = 32  # eight for each number of repeats


class RehearseParams(Settings):
    """Trainings beside the real one, each as long as that; none of them is registered."""

    seeds: Annotated[int, Field(ge=0)]
    """Trainings that differ by their seed alone: how far chance moves the scores; `release.noise` needs two."""

    further_seeds: Annotated[int, Field(ge=0)]
    """So many more are trained by the release where the gain lies within that noise; then it is decided."""

    canaries: Annotated[int, Field(ge=0)]
    """Made-up examples that are put into a training to see whether it learns them by heart: 0, or 32 and more."""

    @field_validator("canaries")
    @classmethod
    def _enough(cls, count: int) -> int:
        if 0 < count < FEWEST_CANARIES:
            raise ValueError(f"fewer than {FEWEST_CANARIES} canaries cannot show anything; 0 plants none")
        return count
