"""Settings of evaluate."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from retune.core.params.base import Settings


class EvaluateParams(Settings):
    """How the scores are given."""

    seed: Annotated[int, Field(ge=0)]
    """Seed of the resampling behind the intervals of F1."""

    alpha: Annotated[float, Field(gt=0, le=0.1)]
    """A gain counts as shown if its p is smaller than this."""

    worst_errors: Annotated[int, Field(ge=1)]
    """How many of the errors are kept with their text, the most confident first."""
