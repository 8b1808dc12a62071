"""`retune serve`: MLflow's model server on the champion, on this machine only, with the request to try it by."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retune.cli.options import ModelName
from retune.core.errors import UserError

if TYPE_CHECKING:
    from retune.project import Project

PANEL = "Run"
HOST = "127.0.0.1"
PATIENCE_SECONDS = 180
EXAMPLE = "My badge no longer opens the door to the east wing."


def main(
    model: ModelName = "", port: Annotated[int, typer.Option("--port", metavar="PORT", help="Where to listen.")] = 5001
) -> int:
    """Answers by the champion over HTTP, on this machine only, until it is stopped."""
    from flows import environment
    from retune.cli.models import the_model
    from retune.io.logged_model import checked
    from retune.io.mlflow_store import default_uri
    from retune.io.registry import PACKAGE, Registry
    from retune.project import read_project

    root = Path.cwd()
    environment.prepare(root, quiet=False)
    name, uri, project = the_model(root, model), default_uri(root), read_project(root)
    registry = Registry(uri, name, project.tracking.experiment)
    champion = registry.aliases().get("champion")
    if champion is None:
        raise UserError(expected=f"a champion of {name}", found="none", todo="Run `make pipeline` first.")
    logged = traffic_environment(project, name, champion)
    version = registry.version(champion)
    if version is not None:
        with checked(uri, version.source, version.tags.get(PACKAGE, "")):
            pass  # MLflow's server loads it by itself
    return _serve(root, name, champion, port, {"MLFLOW_TRACKING_URI": uri, **logged})


def _serve(root: Path, model: str, champion: str, port: int, told: dict[str, str]) -> int:
    """Start MLflow's server on one version, say how to ask it, and wait for its end."""
    from retune.core.params.traffic import ENVIRONMENT
    from retune.io.dvc import environment as child_environment
    from retune.io.ports import is_free, stop_with_parent, wait_until_answers

    if not is_free(HOST, port):
        raise UserError(
            expected=f"port {port} free", found="something that listens there", todo="Stop it, or give --port."
        )
    # The number, not the alias: what was checked and what the log names is what answers.
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", f"models:/{model}/{champion}"]
    command += ["--env-manager", "local", "--host", HOST, "--port", str(port)]
    print(f"Version {champion} of {model} is loading...", flush=True)
    ours = {"HF_HUB_OFFLINE": os.environ.get("HF_HUB_OFFLINE", "1"), **told}
    process = subprocess.Popen(
        command,
        cwd=root,
        env=child_environment() | ours,
        preexec_fn=stop_with_parent,  # noqa: PLW1509 - no thread was started before
    )
    try:
        wait_until_answers(process, f"http://{HOST}:{port}/ping", PATIENCE_SECONDS)
        print(f"Traffic is logged: {'yes' if told[ENVIRONMENT] else 'no'}")
        print(f"It answers. Try it:\n\n  {request_line(port)}\n\nCtrl-C stops it.", flush=True)
        return process.wait()
    finally:
        process.terminate()


def traffic_environment(project: Project, model: str, version: str) -> dict[str, str]:
    """Return the environment by which a server logs its answers, or does not; UserError where the log cannot be."""
    from retune.core.params.traffic import ENVIRONMENT
    from retune.io.served import Served, told

    settings = project.traffic
    if not settings.uri:
        return {ENVIRONMENT: ""}
    days = settings.retention_days
    served = Served(uri=settings.uri, model=model, version=version, retention_days=days, redact=project.corpus.redact)
    return {ENVIRONMENT: told(served)}


def request_line(port: int) -> str:
    """Return a command that asks the server one question."""
    body = json.dumps({"dataframe_records": [{"text": EXAMPLE}]})
    return f"curl -s http://{HOST}:{port}/invocations -H 'Content-Type: application/json' -d '{body}'"
