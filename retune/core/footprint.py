"""What steps took: time, money, energy and emissions, each step by itself, and totals that are their sum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from retune.core.params.machine import MachineParams

SECONDS_PER_HOUR = 3600.0
WATT_SECONDS_PER_KWH = 3.6e6
REST = "everything else"  # servers, starts of processes, the decision: what no stage accounts for
ADDED = ("seconds", "gpu_seconds", "tokens", "price", "kwh", "grams_co2e")


@dataclass(frozen=True)
class Step:
    """One step as it was measured; `tokens` is what a training read, None where nobody counted."""

    name: str
    seconds: float
    gpus: int = 0  # that the step held for its whole time
    tokens: int | None = None
    state: str = "ran"


def footprint(steps: Sequence[Step], machine: MachineParams) -> dict[str, Any]:
    """Return each step with its price, energy in kWh and CO2e in grams, their totals, and how that was found.

    What the settings do not say, such as a price, is None everywhere: unknown is not nothing.
    """
    rows = [_row(step, machine) for step in steps]
    return {
        "steps": rows,
        "total": {name: _total([row[name] for row in rows]) for name in ADDED},
        "currency": machine.currency,
        "method": method(machine),
    }


def _row(step: Step, machine: MachineParams) -> dict[str, Any]:
    """Return one step with what follows from its seconds."""
    kwh = _times(step.seconds / WATT_SECONDS_PER_KWH, machine.watts)
    return {
        **asdict(step),
        "gpu_seconds": step.seconds * step.gpus,
        "price": _times(step.seconds / SECONDS_PER_HOUR, machine.price_per_hour),
        "kwh": kwh,
        "grams_co2e": None if kwh is None else _times(kwh, machine.grams_co2e_per_kwh),
    }


def _times(amount: float, rate: float | None) -> float | None:
    """Return an amount at a rate, None where there is no rate."""
    return None if rate is None else amount * rate


def _total(values: Sequence[float | None]) -> float | None:
    """Return the sum of what is known, None where nothing is."""
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None


def method(machine: MachineParams) -> str:
    """Say how the figures came about, with the settings that they rest on."""
    unset = [name for name in ("watts", "price_per_hour", "grams_co2e_per_kwh") if getattr(machine, name) is None]
    told = ["Estimated, not metered, from the seconds of each step, as if it had the whole machine:"]
    rates = [
        f"{machine.watts:g} W" if machine.watts is not None else "",
        f"{machine.price_per_hour:g} {machine.currency} per hour" if machine.price_per_hour is not None else "",
        f"{machine.grams_co2e_per_kwh:g} g CO2e per kWh" if machine.grams_co2e_per_kwh is not None else "",
    ]
    told.append(", ".join(rate for rate in rates if rate) or "no rate is set")
    missing = f" Not set: {', '.join(f'machine.{name}' for name in unset)}." if unset else ""
    return f"{' '.join(told)} (section machine of params.yaml).{missing}"


def scores(found: dict[str, Any]) -> dict[str, float]:
    """Return the totals as metrics of a run, such as `footprint/kwh`; its steps stand in its footprint.json."""
    return {f"footprint/{name}": value for name, value in found["total"].items() if value is not None}
