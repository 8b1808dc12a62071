"""Settings of the gates: how much of what they measure may be found."""

from __future__ import annotations

from retune.core.gating import Limit
from retune.core.params.base import Settings


class GateParams(Settings):
    """Settings of a gate."""

    limits: dict[str, Limit]
    """The limit of every gate by its name; a gate without a limit, or a limit without a gate, is an error."""
