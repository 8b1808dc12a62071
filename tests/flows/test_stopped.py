"""A run that is stopped from outside says so in a line, ends what it started, and leaves no run open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from retune.io.mlflow_store import default_uri
from retune.io.tracking import KIND, Tracking
from tests.conftest import CHECKOUT

pytestmark = pytest.mark.slow


@pytest.fixture
def waiting(toy: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a run on an embedded server, and return it when its first stage is at work."""
    (toy / "orders" / "ingest").write_text("wait")
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PREFECT_CLIENT_MAX_RETRIES": "1"}
    environment.pop("PREFECT_API_URL", None)
    with (toy / "said.txt").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "retune.cli.main", "run"],
            cwd=toy,
            env=environment | {"PREFECT_HOME": str(toy / ".prefect")},
            stdout=said,
            stderr=said,
            text=True,
        )
    until = time.monotonic() + 240
    while "ingest starts" not in (toy / "said.txt").read_text() and time.monotonic() < until:
        assert process.poll() is None, (toy / "said.txt").read_text()
        time.sleep(0.5)
    yield process
    if process.poll() is None:
        process.kill()


def descendants(process: subprocess.Popen[str], word: str) -> list[psutil.Process]:
    return [one for one in psutil.Process(process.pid).children(recursive=True) if word in " ".join(one.cmdline())]


def states(root: Path) -> list[str]:
    tracking = Tracking(default_uri(root))
    found = tracking.client.search_runs([tracking.experiment], f"tags.`{KIND}` = 'execution'")
    return [run.info.status for run in found]


def test_ctrl_c_ends_the_stage_too_and_is_no_failure(waiting: subprocess.Popen[str], toy: Path) -> None:
    started = [*descendants(waiting, "toy.py"), *descendants(waiting, "dvc")]
    # a terminal tells the embedded server too
    for one in [*descendants(waiting, "uvicorn"), psutil.Process(waiting.pid)]:
        one.send_signal(signal.SIGINT)
    assert waiting.wait(120) == 130
    said = (toy / "said.txt").read_text()
    assert "stopped; the same command goes on where this one was" in said
    assert "Traceback" not in said
    assert started
    assert not psutil.wait_procs(started, timeout=15)[1]
    assert states(toy) == ["KILLED"]


def test_an_embedded_prefect_that_dies_is_said_in_one_line(waiting: subprocess.Popen[str], toy: Path) -> None:
    for server in descendants(waiting, "uvicorn"):
        server.kill()
    (toy / "orders" / "gate").write_text("say no")
    (toy / "orders" / "ingest").unlink()
    assert waiting.wait(300) == 1
    said = (toy / "said.txt").read_text()
    assert "Prefect's server (the embedded one) does not answer" in said
    assert "Traceback" not in said
    assert states(toy) == ["FAILED"]
