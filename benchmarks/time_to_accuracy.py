"""Accuracy after 5, 30 and 300 s of wall time on two sets of intents: this project beside what a user would pick.

Each contender runs in a process of its own, on one core, two at a time, so that all share the machine alike. Its clock
starts when its libraries are imported and the rows are in memory, and stops when its model could answer; answering is
not counted. Each has its own learning rate for each set, chosen before on training rows alone. SetFit needs an
environment of its own: RETUNE_PEERS names its interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.machine import shared_data
from benchmarks.page import table
from benchmarks.peers.common import Contest, weights

SETS = {"BANKING77": "intent/banking77.jsonl.gz", "HWU64": "intent/hwu64_fold1.jsonl.gz"}
SIZES = {"2,000": 2000, "all": 0}
BUDGETS_SECONDS = (5, 30, 300)
CONTENDERS = {"retune": "ours", "probe": "bare_probe", "trainer": "hf_trainer", "setfit": "set_fit"}
LEARNING_RATES = {  # that are tried; the probe has none
    "retune": (5e-5, 1e-4, 2e-4),
    "trainer": (1e-4, 3e-4, 6e-4),
    "setfit": (2e-5, 1e-4),
}
TUNING_SECONDS, TUNING_ROWS = 30, 2000
SLOTS = (0, 1)


@dataclass(frozen=True)
class Job:
    """One contender in one contest."""

    contender: str
    data: str
    size: str
    contest: Contest


def measure() -> dict[str, Any]:
    """Return accuracy and seconds of every contender on every set under every budget, and who was ahead."""
    rates = _tuned()
    jobs = [
        Job(name, data, size, Contest(SETS[data], SIZES[size], budget, rates.get((name, data), 0.0), tuning=False))
        for budget, data, size, name in product(BUDGETS_SECONDS, SETS, SIZES, CONTENDERS)
    ]
    found: dict[str, dict[str, Any]] = {}
    for job, row in _all(jobs):
        found.setdefault(_title(job), {})[job.contender] = row
    return {
        "cores_each": 1,
        "learning_rates": {f"{name}, {data}": rate for (name, data), rate in rates.items()},
        "after": found,
        "ahead_of_all": {title: _ahead(rows) for title, rows in found.items()},
    }


def _title(job: Job) -> str:
    """Return what a contest is called."""
    return f"{job.data}, {job.size} rows, {job.contest.budget} s"


def _tuned() -> dict[tuple[str, str], float]:
    """Return the learning rate by which each contender answers held-out training rows of each set best."""
    jobs = [
        Job(name, data, "tuning", Contest(SETS[data], TUNING_ROWS, TUNING_SECONDS, rate, tuning=True))
        for data in SETS
        for name, rates in LEARNING_RATES.items()
        for rate in rates
    ]
    best: dict[tuple[str, str], tuple[float, float]] = {}
    for job, row in _all(jobs):
        pair, scored = (job.contender, job.data), (row["accuracy"] or 0.0, job.contest.learning_rate)
        best[pair] = max(best.get(pair, scored), scored)
    return {pair: rate for pair, (_, rate) in best.items()}


def _all(jobs: Sequence[Job]) -> list[tuple[Job, dict[str, Any]]]:
    """Run all jobs, one after the other on each core."""
    cores = list(os.sched_getaffinity(0))[: len(SLOTS)]
    with ThreadPoolExecutor(len(cores)) as pool:
        queues = [jobs[start :: len(cores)] for start in range(len(cores))]
        finished = pool.map(lambda pair: list(_in_turn(*pair)), zip(cores, queues, strict=True))
        return [row for rows in finished for row in rows]


def _in_turn(core: int, jobs: Sequence[Job]) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Run jobs one after the other on one core."""
    for job in jobs:
        yield job, _run(job, core)


def _run(job: Job, core: int) -> dict[str, Any]:
    """Run one contender and return what it measured, or why it could not."""
    python = os.environ.get("RETUNE_PEERS", sys.executable) if job.contender == "setfit" else sys.executable
    file = Path(__file__).parent / "peers" / f"{CONTENDERS[job.contender]}.py"
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        root = str(Path(__file__).parent.parent)
        environment = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1", "RETUNE_STATE": folder}
        environment |= {"HF_HUB_OFFLINE": "1", "RETUNE_MINILM": weights()}
        contest = json.dumps(asdict(job.contest))
        command = ["taskset", "-c", str(core), python, str(file), contest, str(shared_data()), str(answer)]
        ended = subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True, text=True)
        if ended.returncode != 0:
            return {"accuracy": None, "not_run": ended.stderr.strip().splitlines()[-1:]}
        row: dict[str, Any] = json.loads(answer.read_text())
    told = f"{_title(job):32} {job.contender:8} {job.contest.learning_rate:<7g}"
    print(f"    {told} {row['accuracy']:.3f}  ({row['seconds']:.1f} s)", flush=True)
    return row


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
    rates = "; ".join(f"{name} {rate:g}" for name, rate in measured["learning_rates"].items())
    note = f"Accuracy, with the seconds really taken; one core for each contender. Learning rates: {rates}."
    return [*table(head, rows), "", note]


def _cell(row: dict[str, Any]) -> str:
    """Return one contender's result."""
    return f"{row['accuracy']:.3f} ({row['seconds']:.0f} s)" if row["accuracy"] is not None else "not run"
