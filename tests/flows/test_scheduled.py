"""The deployments on a real Prefect server with real workers: what is due runs once, and what died is taken up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from retune.io.ports import stop_with_parent
from tests.conftest import CHECKOUT
from tests.flows.test_deployments import client_of, run, server
from tests.toy_checkout import MODEL

__all__ = ["server"]
pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 240


def until(found: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Return what `found` returns as soon as it is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(1)
    pytest.fail(f"{what}: not within {seconds:.0f} s")


@pytest.fixture
def installed(server: dict[str, str], toy: Path) -> dict[str, str]:
    """Return the environment of a toy checkout that is deployed on the server."""
    shutil.copytree(CHECKOUT / "flows", toy / "flows")
    shutil.copyfile(CHECKOUT / "prefect.yaml", toy / "prefect.yaml")
    environment = {**os.environ, **server, "PYTHONPATH": str(CHECKOUT)}
    for _ in range(2):  # again and again, with the same result
        ended = run(environment, "retune.cli.main", "deploy", cwd=toy)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "make worker" in ended.stdout
    return environment


@contextmanager
def worker(environment: dict[str, str], toy: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker on the toy checkout."""
    with (toy / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "retune.cli.main", "worker"],
            cwd=toy,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=stop_with_parent,  # noqa: PLW1509 - a child of a test
        )
        try:
            yield process
        finally:
            end_family(process.pid)


def end_family(pid: int) -> None:
    """Kill a process and all that it started, at once."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for one in family:
        with_group = one.pid
        try:
            os.kill(with_group, signal.SIGKILL)
        except ProcessLookupError:
            continue
    psutil.wait_procs(family, timeout=10)


def runs_of(server: dict[str, str], deployment: str) -> list[Any]:
    """Return the runs of a deployment that are not only planned."""
    with client_of(server) as client:
        number = {one.name: one.id for one in client.read_deployments()}[deployment]
        return [one for one in client.read_flow_runs() if one.deployment_id == number and not one.state.is_scheduled()]


def ended(server: dict[str, str], deployment: str) -> list[Any]:
    """Return the runs of a deployment that came to an end."""
    return [one for one in runs_of(server, deployment) if one.state.is_final()]


@pytest.mark.case("SC-1")
def test_what_is_due_runs_once_though_two_workers_wait_for_it(
    server: dict[str, str], installed: dict[str, str], toy: Path
) -> None:
    with client_of(server) as client:
        number = {one.name: one.id for one in client.read_deployments()}["weekly"]
        assert client.read_deployment(number).schedules[0].active
        client.create_flow_run_from_deployment(number)
    with worker(installed, toy, "one"), worker(installed, toy, "two"):
        (only,) = until(lambda: ended(server, "weekly"), "the weekly run ends")
        time.sleep(15)
        assert len(runs_of(server, "weekly")) == 1
    logs = (toy / "one.log").read_text() + (toy / "two.log").read_text()
    assert logs.count("submitting flow run") >= 1, logs
    assert logs.count("Flow run 'retrain weekly schedule' - Finished in state") == 1, logs
    assert only.parameters["request"]["cause"] == "schedule"
    assert only.state.is_completed(), logs[-4000:]


def test_drift_makes_a_training_with_its_own_request(
    server: dict[str, str], installed: dict[str, str], toy: Path
) -> None:
    script = (
        "from flows.monitor import DRIFT, training_of\n"
        "from retune.core.drift.trigger import Monitored\n"
        "from prefect.events import emit_event\n"
        f"one = Monitored({MODEL!r}, '7', (), True, 'two of five windows', 'run')\n"
        "resource = {'prefect.resource.id': f'retune.model.{one.model}', 'prefect.resource.name': one.model}\n"
        "emit_event(DRIFT, resource=resource, payload={'request': training_of(one).model_dump()})\n"
    )
    with worker(installed, toy, "worker"):
        subprocess.run([sys.executable, "-c", script], check=True, cwd=toy, env=installed)
        (made,) = until(lambda: ended(server, "on-drift"), "the training that drift asks for ends")
    asked = made.parameters["request"]
    assert asked == {"models": [MODEL], "reason": "drift since version 7", "cause": "drift", "wait": True}
    assert made.name == "retrain drift since version 7"
    assert made.state.is_completed(), (toy / "worker.log").read_text()[-4000:]


@pytest.mark.case("SC-4")
def test_a_run_whose_worker_was_killed_is_taken_up_again(
    server: dict[str, str], installed: dict[str, str], toy: Path
) -> None:
    (toy / "orders" / "train").write_text("wait")
    with client_of(server) as client:
        number = {one.name: one.id for one in client.read_deployments()}["by-hand"]
        client.create_flow_run_from_deployment(number)
    with worker(installed, toy, "first") as first:
        until((toy / "artifacts" / "models" / MODEL / "split").exists, "the run reaches its training")
        started = datetime.now(UTC)
        time.sleep(45)  # so long that a heartbeat was sent
        end_family(first.pid)
    (toy / "orders" / "train").unlink()
    (dead,) = until(lambda: ended(server, "by-hand"), "the dead run is called crashed")
    assert dead.state.is_crashed()
    assert dead.end_time > started
    with worker(installed, toy, "second"):
        (again,) = until(lambda: ended(server, "take-up"), "the run is taken up")
    assert again.state.is_completed(), (toy / "second.log").read_text()[-4000:]
