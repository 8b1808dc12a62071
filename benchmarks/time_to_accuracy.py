"""Accuracy after 5, 30 and 300 s of wall time on two sets of intents: this project beside what a user would pick.

Each contender runs in a process of its own, on one core, two at a time, so that all share the machine alike. Its clock
starts when its libraries are imported and the rows are in memory, and stops when its model could answer; answering is
not counted. Each has the learning rate that the benchmark `learning_rates` chose for it and the set. SetFit needs an
environment of its own: RETUNE_PEERS names its interpreter.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from benchmarks import learning_rates
from benchmarks.page import table
from benchmarks.peers.common import Contest
from benchmarks.peers.jobs import CONTENDERS, SETS, Job, run_all

SIZES = {"2,000": 2000, "all": 0}
BUDGETS_SECONDS = (5, 30, 300)


def measure() -> dict[str, Any]:
    """Return accuracy and seconds of every contender on every set under every budget, and who was ahead."""
    rates = learning_rates.kept()
    jobs = [
        Job(name, data, size, Contest(SETS[data], SIZES[size], budget, rates.get((name, data), 0.0), tuning=False))
        for budget, data, size, name in product(BUDGETS_SECONDS, SETS, SIZES, CONTENDERS)
    ]
    found: dict[str, dict[str, Any]] = {}
    for job, row in run_all(jobs):
        found.setdefault(job.title, {})[job.contender] = row
    return {
        "cores_each": 1,
        "learning_rates": {f"{name}, {data}": rate for (name, data), rate in rates.items()},
        "after": found,
        "ahead_of_all": {title: _ahead(rows) for title, rows in found.items()},
    }


def _ahead(rows: dict[str, dict[str, Any]]) -> bool:
    """Tell whether this project was ahead of every peer that ran."""
    peers = [row["accuracy"] for name, row in rows.items() if name != "retune" and row["accuracy"] is not None]
    return rows["retune"]["accuracy"] is not None and all(rows["retune"]["accuracy"] > peer for peer in peers)


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    rows = [
        [title, *(_cell(found[name]) for name in CONTENDERS), "yes" if measured["ahead_of_all"][title] else "no"]
        for title, found in measured["after"].items()
    ]
    head = ["rows and time", "Retune", "probe alone", "Trainer, best flags", "SetFit", "ahead of all"]
    rates = "; ".join(f"{name} {rate:g}" for name, rate in measured.get("learning_rates", {}).items())
    chosen = f"Learning rates: {rates}." if rates else "On BANKING77, before learning rates were chosen for each."
    note = f"Accuracy, with the seconds really taken; one core for each contender. {chosen}"
    return [*table(head, rows), "", note]


def _cell(row: dict[str, Any]) -> str:
    """Return one contender's result."""
    return f"{row['accuracy']:.3f} ({row['seconds']:.0f} s)" if row["accuracy"] is not None else "not run"
