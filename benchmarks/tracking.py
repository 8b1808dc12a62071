"""What it costs a training to say how it goes: our journal, beside MLflow called from inside the loop.

The journal is appended to by the training and sent on by another thread; nothing of it may be lost by a kill.
"""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.page import table
from retune.io import journal as followed
from retune.io.tracking import Tracking
from retune.modeling.journal import Journal

STEPS, CALLS, ROUNDS = 1000, 20, 5
METRICS = ("train_loss", "gradient_norm", "learning_rate")  # of one step
WRITER = """
import sys
from pathlib import Path
from retune.modeling.journal import Journal
journal = Journal(Path(sys.argv[1]), fresh=True)
for step in range(10**9):
    journal.write("metrics", step, {"train_loss": 1.0})
    print(step, flush=True)
"""


def measure() -> dict[str, Any]:
    """Time each way in turn, so that load on the machine falls on all alike, then kill a writer."""
    with tempfile.TemporaryDirectory(prefix="retune-benchmark-") as folder:
        place = Path(folder)
        tracking = Tracking(f"sqlite:///{place / 'mlflow.db'}", "benchmark")
        run = tracking.open_parent("benchmark")
        ways: dict[str, Callable[[int], int]] = {
            "journal": lambda number: appended(place / f"{number}.jsonl"),
            "log_batch": lambda number: sent(tracking, run, place / f"{number}.jsonl"),
            "log_metric": lambda number: called(tracking, run, number),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(ROUNDS):
            for name, way in ways.items():
                start = time.perf_counter()
                count = way(number)
                seconds[name].append((time.perf_counter() - start) / count)
        medians = {name: 1000 * statistics.median(found) for name, found in seconds.items()}
        return {"milliseconds_per_metric": medians, "rounds": ROUNDS, "killed": [killed(place) for _ in range(ROUNDS)]}


def appended(path: Path) -> int:
    """Write the steps of a training into a journal; return how many metrics these are."""
    journal = Journal(path, fresh=True)
    for step in range(STEPS):
        journal.write("metrics", step, dict.fromkeys(METRICS, 1.0 / (step + 1)))
    return STEPS * len(METRICS)


def sent(tracking: Tracking, run: str, path: Path) -> int:
    """Send a journal to MLflow as the follower does, outside the loop; return how many metrics these are."""
    lines, _ = followed.read_lines(path)
    named = [
        {**line, "values": {f"{path.stem}/{name}": value for name, value in line["values"].items()}} for line in lines
    ]
    tracking.curves(run).log(named)
    return STEPS * len(METRICS)


def called(tracking: Tracking, run: str, number: int) -> int:
    """Log metrics one by one, as a loop with mlflow.log_metric does; return how many."""
    for step in range(CALLS):
        tracking.client.log_metric(run, f"called/{number}", 1.0, step=step)
    return CALLS


def killed(place: Path) -> dict[str, int]:
    """Kill a writer in the middle; return how many steps it said it had written, and how many are there."""
    path = place / "killed.jsonl"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    said = 0
    while said < STEPS and writer.stdout is not None:
        said = int(writer.stdout.readline()) + 1
    writer.send_signal(signal.SIGKILL)
    rest = writer.communicate()[0].splitlines()
    said = int(rest[-1]) + 1 if rest and rest[-1].isdigit() else said
    return {"said": said, "there": len(followed.read_lines(path)[0])}


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    ways = {
        "journal": "our journal, appended to inside the loop",
        "log_batch": "sending it on with `log_batch`, outside the loop",
        "log_metric": "`log_metric`, called inside the loop",
    }
    found = measured["milliseconds_per_metric"]
    lost = sum(max(0, one["said"] - one["there"]) for one in measured["killed"])
    said = sum(one["said"] for one in measured["killed"])
    return [
        *table(["way", "ms per metric", "times the journal"],
               [[ways[name], f"{value:.3f}", f"{value / found['journal']:.0f}"] for name, value in found.items()]),
        "",
        f"Of {said} steps that writers had written when they were killed (SIGKILL), {lost} were lost.",
    ]  # fmt: skip
