"""Contests between training programs: each in a process of its own, on one core, two at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import shared_data
from benchmarks.peers.common import Contest, weights

SETS = {"BANKING77": "intent/banking77.jsonl.gz", "HWU64": "intent/hwu64_fold1.jsonl.gz"}
CONTENDERS = {"retune": "ours", "probe": "bare_probe", "trainer": "hf_trainer", "setfit": "set_fit"}
SLOTS = (0, 1)


@dataclass(frozen=True)
class Job:
    """One contender in one contest."""

    contender: str
    data: str
    size: str
    contest: Contest

    @property
    def title(self) -> str:
        """Return what the contest is called."""
        return f"{self.data}, {self.size} rows, {self.contest.budget:g} s"


def run_all(jobs: Sequence[Job]) -> list[tuple[Job, dict[str, Any]]]:
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
    file = Path(__file__).parent / f"{CONTENDERS[job.contender]}.py"
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        root = str(Path(__file__).parents[2])
        environment = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1", "RETUNE_STATE": folder}
        environment |= {"HF_HUB_OFFLINE": "1", "RETUNE_MINILM": weights()}
        contest = json.dumps(asdict(job.contest))
        command = ["taskset", "-c", str(core), python, str(file), contest, str(shared_data()), str(answer)]
        ended = subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True, text=True)
        if ended.returncode != 0:
            return {"accuracy": None, "not_run": ended.stderr.strip().splitlines()[-1:]}
        row: dict[str, Any] = json.loads(answer.read_text())
    told = f"{job.title:32} {job.contender:8} {job.contest.learning_rate:<7g}"
    print(f"    {told} {row['accuracy']:.3f}  ({row['seconds']:.1f} s)", flush=True)
    return row
