"""`retune ui`: the pages of MLflow and Prefect, on this machine only, until they are stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from retune.core.errors import UnavailableError, UserError

PANEL = "Look"
QUIET = False  # the console of what it starts is for a person
HOST = "127.0.0.1"
PATIENCE_SECONDS = 120


def main(
    mlflow_port: Annotated[int, typer.Option("--mlflow-port", metavar="PORT")] = 5000,
    prefect_port: Annotated[int, typer.Option("--prefect-port", metavar="PORT")] = 4200,
) -> int:
    """The pages of MLflow and Prefect, on this machine only, until they are stopped."""
    from retune.io.ports import end_group, is_free, wait_until_answers

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends us ends both servers
    root = Path.cwd()
    os.environ["PREFECT_SERVER_UI_API_URL"] = f"http://{HOST}:{prefect_port}/api"  # its pages ask 4200 else
    for name, port in (("MLflow", mlflow_port), ("Prefect", prefect_port)):
        if not is_free(HOST, port):
            option = f"--{name.lower()}-port"
            raise UserError(
                expected=f"port {port} free for {name}",
                found="something that listens there",
                todo=f"Stop it, or give {option}.",
            )
    servers = {
        "MLflow": (_start(root, _mlflow(root, mlflow_port)), f"http://{HOST}:{mlflow_port}"),
        "Prefect": (_start(root, _prefect(prefect_port)), f"http://{HOST}:{prefect_port}"),
    }
    try:
        for name, (process, url) in servers.items():
            wait_until_answers(process, url, PATIENCE_SECONDS)
            print(f"{name:8} {url}", flush=True)
        print("Both listen on this machine only. Ctrl-C stops them.", flush=True)
        while not (ended := [name for name, (process, _) in servers.items() if process.poll() is not None]):
            time.sleep(0.5)
        raise UnavailableError(f"the server of {' and '.join(ended)} ended; see .retune/logs/")
    finally:
        for process, _ in servers.values():
            end_group(process)


def _mlflow(root: Path, port: int) -> list[str]:
    """Return the command of MLflow's server over this checkout's database."""
    store = f"sqlite:///{root / 'mlflow.db'}"
    options = ["--backend-store-uri", store, "--artifacts-destination", str(root / "mlartifacts")]
    return [sys.executable, "-m", "mlflow", "server", *options, "--host", HOST, "--port", str(port), "--workers", "1"]


def _prefect(port: int) -> list[str]:
    """Return the command of Prefect's server over this checkout's database."""
    return [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]


def _start(root: Path, command: list[str]) -> subprocess.Popen[bytes]:
    """Start a server that ends with this process; what it logs goes to a file under .retune/."""
    from retune.io.dvc import environment as child_environment
    from retune.io.ports import stop_with_parent

    log = root / ".retune" / "logs" / f"{command[2]}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as stream:
        return subprocess.Popen(
            command,
            cwd=root,
            env=child_environment(),
            stdout=stream,
            stderr=stream,
            start_new_session=True,  # a group of its own, to be ended whole: both start workers
            preexec_fn=stop_with_parent,  # noqa: PLW1509 - no thread was started before
        )
