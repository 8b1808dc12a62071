"""What steps took adds up, says how it was found, and does not call the unknown nothing."""

import math
from typing import Any

import pytest

from retune.core.footprint import ADDED, REST, Step, footprint, scores
from retune.core.params.machine import MachineParams

STEPS = [Step("ingest", 1.7), Step("train@router", 98.3, gpus=2, tokens=41_000), Step(REST, 12.4)]


def machine(**changes: Any) -> MachineParams:
    given = {"free_disk_gb": 1, "gpu": False, "currency": "EUR"}
    rates = {"watts": 200, "price_per_hour": 0.9, "grams_co2e_per_kwh": 400}
    return MachineParams(**{**given, **rates, **changes})


@pytest.mark.case("OP-1")
def test_the_totals_are_the_sum_of_the_steps_and_the_method_is_stated() -> None:
    found = footprint(STEPS, machine())
    for name in ADDED:
        assert found["total"][name] == math.fsum(step[name] or 0 for step in found["steps"]), name
    for part in ("Estimated, not metered", "200 W", "0.9 EUR per hour", "400 g CO2e per kWh"):
        assert part in found["method"]


@pytest.mark.case("OP-1")
def test_an_hour_at_a_kilowatt_is_a_kilowatt_hour() -> None:
    (row,) = footprint([Step("train", 3600, gpus=4)], machine(watts=1000))["steps"]
    assert (row["kwh"], row["price"], row["grams_co2e"], row["gpu_seconds"]) == (1.0, 0.9, 400.0, 14400)


def test_a_rate_that_is_not_set_leaves_what_follows_from_it_unknown() -> None:
    found = footprint(STEPS, machine(watts=None))
    assert (found["total"]["kwh"], found["total"]["grams_co2e"]) == (None, None)
    assert found["total"]["price"] is not None
    assert "Not set: machine.watts." in found["method"]


def test_tokens_are_those_that_were_counted_and_unknown_where_nobody_did() -> None:
    assert footprint(STEPS, machine())["total"]["tokens"] == 41_000
    assert footprint(STEPS[:1], machine())["total"]["tokens"] is None


def test_metrics_of_a_run_are_its_totals_and_nothing_unknown() -> None:
    flat = scores(footprint(STEPS, machine(price_per_hour=None)))
    assert flat["footprint/seconds"] == pytest.approx(112.4)
    assert flat["footprint/gpu_seconds"] == pytest.approx(196.6)
    assert "footprint/price" not in flat
