"""Accuracy on BANKING77 after 5, 30 and 300 s of wall time: this project beside what a user would pick instead.

Each contender runs in a process of its own, on one core, two at a time, so that all share the machine alike. Its clock
starts when its libraries are imported and the rows are in memory, and stops when its model could answer; answering the
test rows is not counted. SetFit needs an environment of its own: RETUNE_PEERS names its interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.machine import shared_data
from benchmarks.page import table
from benchmarks.peers.common import weights

BUDGETS_SECONDS = (5, 30, 300)
CONTENDERS = {"retune": "ours", "probe": "bare_probe", "trainer": "hf_trainer", "setfit": "set_fit"}
SLOTS = (0, 1)


def measure() -> dict[str, Any]:
    """Return accuracy and real seconds of every contender for every budget, and who was ahead."""
    jobs = [(name, budget) for budget in BUDGETS_SECONDS for name in CONTENDERS]
    cores = list(os.sched_getaffinity(0))[: len(SLOTS)]
    with ThreadPoolExecutor(len(cores)) as pool:
        queues = [jobs[start :: len(cores)] for start in range(len(cores))]
        finished = pool.map(lambda pair: list(_in_turn(*pair)), zip(cores, queues, strict=True))
        results = [row for rows in finished for row in rows]
    table = {
        f"{budget} s": {name: row for name, limit, row in results if limit == budget} for budget in BUDGETS_SECONDS
    }
    return {"cores_each": 1, "after": table, "ahead_of_all": {budget: _ahead(rows) for budget, rows in table.items()}}


def _in_turn(core: int, jobs: list[tuple[str, int]]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Run jobs one after the other on one core."""
    for name, budget in jobs:
        yield name, budget, _run(name, budget, core)


def _run(name: str, budget: int, core: int) -> dict[str, Any]:
    """Run one contender and return what it measured, or why it could not."""
    python = os.environ.get("RETUNE_PEERS", sys.executable) if name == "setfit" else sys.executable
    file = Path(__file__).parent / "peers" / f"{CONTENDERS[name]}.py"
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        root = str(Path(__file__).parent.parent)
        environment = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1", "RETUNE_STATE": folder}
        environment |= {"HF_HUB_OFFLINE": "1", "RETUNE_MINILM": weights()}
        command = ["taskset", "-c", str(core), python, str(file), str(budget), str(shared_data()), str(answer)]
        ended = subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True, text=True)
        if ended.returncode != 0:
            return {"accuracy": None, "not_run": ended.stderr.strip().splitlines()[-1:]}
        row: dict[str, Any] = json.loads(answer.read_text())
    print(f"    {budget:4} s  {name:8} {row['accuracy']:.3f}  ({row['seconds']:.1f} s)", flush=True)
    return row


def _ahead(rows: dict[str, dict[str, Any]]) -> bool:
    """Tell whether this project was ahead of every peer that ran."""
    peers = [row["accuracy"] for name, row in rows.items() if name != "retune" and row["accuracy"] is not None]
    return rows["retune"]["accuracy"] is not None and all(rows["retune"]["accuracy"] > peer for peer in peers)


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    rows = [
        [budget, *(_cell(found[name]) for name in CONTENDERS), "yes" if measured["ahead_of_all"][budget] else "no"]
        for budget, found in measured["after"].items()
    ]
    head = ["after", "Retune", "probe alone", "Trainer, best flags", "SetFit", "ahead of all"]
    again = measured.get("trainer_measured_again", "")
    note = [f"The Trainer was measured again, {again}."] if again else []
    return [*table(head, rows), "", "Accuracy, with the seconds really taken; one core for each contender.", *note]


def _cell(row: dict[str, Any]) -> str:
    """Return one contender's result."""
    return f"{row['accuracy']:.3f} ({row['seconds']:.0f} s)" if row["accuracy"] is not None else "not run"
