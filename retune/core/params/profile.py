"""Settings of profile."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from retune.core.params.base import Settings


class ProfileParams(Settings):
    """What is kept of the rows that a model learnt from, so that later ones can be held against them."""

    seed: Annotated[int, Field(ge=0)]
    """Seed of the choice where there are more rows than are kept."""

    reference_rows: Annotated[int, Field(ge=50)]
    """Most rows that are kept; more show smaller changes, and cost a vector each."""
