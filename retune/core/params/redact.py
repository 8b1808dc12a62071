"""Settings of the step `redact`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from retune.core.params.base import Settings


class RedactParams(Settings):
    """What counts as personal data or a secret, and what of it may stay."""

    recognizers: Annotated[tuple[str, ...], Field(min_length=1)]
    """The recognizers that look for personal data and secrets: names of files in retune/core/recognizers."""

    regions: Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...], Field(min_length=1)]
    """ISO 3166 codes of the countries whose telephone numbers are found without a country code, such as GB."""

    keep: tuple[str, ...]
    """Values that may stay, such as press@example.org; @ and a domain keeps all its addresses."""
