"""`retune ui` as a person sees it: both pages show the run and the flow, on this machine only, and both end with it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from retune.io.mlflow_store import default_uri
from retune.io.tracking import Tracking
from tests.conftest import CHECKOUT

pytestmark = pytest.mark.slow

FLOW = """
from flows import environment
from pathlib import Path
environment.prepare(Path.cwd(), quiet=True)
from prefect import flow
flow(name="retrain", flow_run_name="retrain for a page")(lambda: None)()
"""
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=20000", "--dump-dom",
    "--window-size=1280,4000",  # Prefect's list of runs draws only the rows that are in sight
]  # fmt: skip
PATIENCE_SECONDS = 180


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def pages(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """Start `retune ui` in a checkout with one run of each; returns the process and the ports of MLflow and Prefect."""
    store = Path(default_uri(checkout).removeprefix("sqlite:///"))
    tracking = Tracking(default_uri(checkout))
    tracking.close(tracking.open_parent("retrain for a page"))
    shutil.copyfile(store, checkout / "mlflow.db")
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    for name in ("MLFLOW_TRACKING_URI", "PREFECT_HOME", "PREFECT_API_URL"):
        environment.pop(name, None)
    subprocess.run([sys.executable, "-c", FLOW], cwd=checkout, env=environment, check=True, capture_output=True)
    mlflow_port, prefect_port = free_port(), free_port()
    options = ["--mlflow-port", str(mlflow_port), "--prefect-port", str(prefect_port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "retune.cli.main", "ui", *options],
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process, mlflow_port, prefect_port
    finally:
        process.terminate()
        process.wait(30)


def wait_until_both_are_said(process: subprocess.Popen[str]) -> str:
    said = ""
    for line in process.stdout or ():
        said += line
        if "this machine only" in line:
            break
    return said


def shows(url: str, words: str, profile: Path) -> bool:
    """Tell whether a page's DOM has these words once its scripts have run; a cold server may need several looks."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("NOT RUN: no chromium is installed, so no page was looked at")
    command = [browser, *FLAGS, f"--user-data-dir={profile}", url]
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        seen = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS).stdout
        if words in seen:
            return True
        time.sleep(3)
    return False


def test_both_pages_show_what_ran_and_both_servers_end_with_the_command(
    pages: tuple[subprocess.Popen[str], int, int], checkout: Path, tmp_path: Path
) -> None:
    process, mlflow_port, prefect_port = pages
    said = wait_until_both_are_said(process)
    assert f"http://127.0.0.1:{mlflow_port}" in said
    assert f"http://127.0.0.1:{prefect_port}" in said

    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    listening = {
        connection.laddr.ip
        for one in family
        for connection in one.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}

    experiment = Tracking(default_uri(checkout)).experiment
    mlflow_page = f"http://127.0.0.1:{mlflow_port}/#/experiments/{experiment}/runs"
    assert shows(mlflow_page, "retrain for a page", tmp_path / "profile")
    assert shows(f"http://127.0.0.1:{prefect_port}/runs", "retrain for a page", tmp_path / "profile")

    process.send_signal(signal.SIGTERM)
    process.wait(30)
    _, alive = psutil.wait_procs(family, timeout=15)
    assert not alive
    assert {path.name for path in (checkout / ".retune" / "logs").iterdir()} == {"mlflow.log", "prefect.log"}


def test_a_port_that_is_taken_is_said_before_anything_starts(checkout: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        started = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-m", "retune.cli.main", "ui", "--mlflow-port", port],
            check=False,
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
        )
    assert ended.returncode == 2
    assert f"port {port} free for MLflow" in ended.stderr
    assert "--mlflow-port" in ended.stderr
    assert time.monotonic() - started < 60
