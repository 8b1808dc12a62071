"""Settings of deletion requests: which key names what was erased, and what becomes of versions that learnt from it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from retune.core.params.base import Settings

Withdrawal = Literal["earlier", "always", "never"]


class ErasureParams(Settings):
    """What follows from a deletion request."""

    key_id: str = Field(min_length=1, max_length=64)
    """Name of the key in RETUNE_ERASURE_KEY; it stands beside each keyed hash, the key itself nowhere."""
    withdraw: Withdrawal
    """What becomes of the alias of a champion that learnt from what is erased: `earlier` moves it to the newest earlier
    champion that did not, and where there is none lets it answer until its replacement is promoted; `always` takes it
    away at once even then; `never` moves nothing."""
