"""How long the command line takes to answer `--help`, beside those of the tools it stands on."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import Any

from benchmarks.page import table

COMMANDS = {
    "retune": ["retune.cli.main"],
    "dvc": ["dvc"],
    "mlflow": ["mlflow"],
    "prefect": ["prefect"],
}
ROUNDS = 7


def measure() -> dict[str, Any]:
    """Return the median seconds of each, asked in turn, and the ratio to ours."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, module in COMMANDS.items():
            started = time.monotonic()
            subprocess.run([sys.executable, "-m", *module, "--help"], check=True, capture_output=True)
            seconds[name].append(time.monotonic() - started)
    medians = {name: round(statistics.median(values), 3) for name, values in seconds.items()}
    return {
        "median_seconds": medians,
        "slowest_seconds": {name: round(max(values), 3) for name, values in seconds.items()},
        "times_ours": {name: round(value / medians["retune"], 1) for name, value in medians.items()},
        "rounds": ROUNDS,
    }


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    rows = [
        [
            f"`{name} --help`",
            f"{seconds:.2f} s",
            f"{measured['slowest_seconds'][name]:.2f} s",
            measured["times_ours"][name],
        ]
        for name, seconds in measured["median_seconds"].items()
    ]
    return table(["command", f"median of {measured['rounds']}", "slowest", "times ours"], rows)
