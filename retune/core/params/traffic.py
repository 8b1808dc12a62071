"""Settings of the traffic log: what served models were asked and answered."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from retune.core.params.base import Settings

ENVIRONMENT = (
    "RETUNE_TRAFFIC"  # holds what a server must know to log its answers; empty or not there: nothing is logged
)


class TrafficParams(Settings):
    """Where answers of served models are logged, and for how long."""

    uri: str
    """A folder outside the checkout by its absolute path, or s3://bucket/folder; empty: nothing is logged."""

    retention_days: Annotated[int, Field(ge=1, le=3650)]
    """Days that the log is kept; older ones are deleted whole."""
