"""What a run asks of its machine before anything is done."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from retune.core.params.base import Settings


class MachineParams(Settings):
    """What a machine must have; a run without it stops within seconds, before any stage."""

    free_disk_gb: Annotated[float, Field(ge=0)]
    """Least free space on the disk of the checkout, in gigabytes."""

    gpu: bool
    """Whether a GPU must be there; without one, training would go on, for days, on the processor."""
