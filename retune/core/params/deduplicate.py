"""Settings of the step `deduplicate`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from retune.core.params.base import Settings


class DeduplicateParams(Settings):
    """When two documents say the same."""

    jaccard_threshold: Annotated[float, Field(gt=0, le=1)]
    """Share of 5-word runs, of all that either document has, which near-duplicates have in common."""
