"""The learning rate that suits each contender on each set of intents, chosen on training rows alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.page import table
from benchmarks.peers.common import Contest
from benchmarks.peers.jobs import SETS, Job, run_all

TRIED = {"retune": (5e-5, 1e-4, 2e-4), "trainer": (3e-4, 6e-4, 1.2e-3), "setfit": (2e-5, 1e-4)}  # the probe has none
SECONDS, ROWS = 30, 2000
RESULT = Path(__file__).parent / "results" / "learning_rates.json"


def measure() -> dict[str, Any]:
    """Return how each contender answers every fifth training row after learning the others at each rate."""
    jobs = [
        Job(name, data, f"{ROWS:,}", Contest(SETS[data], ROWS, SECONDS, rate, tuning=True))
        for data in SETS
        for name, rates in TRIED.items()
        for rate in rates
    ]
    found = [
        {"contender": job.contender, "data": job.data, "learning_rate": job.contest.learning_rate, **row}
        for job, row in run_all(jobs)
    ]
    return {"seconds_each": SECONDS, "rows": ROWS, "tried": found}


def kept() -> dict[tuple[str, str], float]:
    """Return the best rate of each contender on each set, as the committed result has it."""
    tried = json.loads(RESULT.read_text(encoding="utf-8"))["measured"]["tried"]
    best: dict[tuple[str, str], tuple[float, float]] = {}
    for row in tried:
        pair, scored = (row["contender"], row["data"]), (row["accuracy"] or 0.0, row["learning_rate"])
        best[pair] = max(best.get(pair, scored), scored)
    return {pair: rate for pair, (_, rate) in best.items()}


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    rows = [
        [row["data"], row["contender"], f"{row['learning_rate']:g}",
         f"{row['accuracy']:.3f}" if row["accuracy"] is not None else "not run"]
        for row in measured["tried"]
    ]  # fmt: skip
    asked = f"Accuracy on every fifth of {measured['rows']:,} training rows after {measured['seconds_each']} s."
    return [asked, "", *table(["set", "contender", "learning rate", "accuracy"], rows)]
