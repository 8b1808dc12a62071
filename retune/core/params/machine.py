"""What a run asks of its machine before anything is done, and what the machine costs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from retune.core.params.base import Settings


class MachineParams(Settings):
    """What a machine must have, or a run stops within seconds, before any stage; and the rates of its cost."""

    free_disk_gb: Annotated[float, Field(ge=0)]
    """Least free space on the disk of the checkout, in gigabytes."""

    gpu: bool
    """Whether a GPU must be there; without one, training would go on, for days, on the processor."""

    watts: Annotated[float, Field(ge=0)] | None
    """What the whole machine draws while it works, in watts, its GPU included; null: unknown, and so is the energy."""

    price_per_hour: Annotated[float, Field(ge=0)] | None
    """What an hour of the machine costs; null: unknown, and so is the cost."""

    currency: str
    """In which that price is given."""

    grams_co2e_per_kwh: Annotated[float, Field(ge=0)] | None
    """What the power of this place emits, in grams of CO2e per kilowatt-hour; null: unknown."""
