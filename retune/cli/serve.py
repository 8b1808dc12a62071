"""`retune serve`: MLflow's model server on the champion, on this machine only, with the request to try it by."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from flows import environment
from retune.cli.models import the_model
from retune.core.errors import UserError
from retune.core.params.traffic import ENVIRONMENT
from retune.io.dvc import environment as child_environment
from retune.io.logged_model import check_version
from retune.io.mlflow_store import default_uri
from retune.io.ports import is_free, stop_with_parent, wait_until_answers
from retune.io.registry import Registry
from retune.io.served import Served, told
from retune.project import Project, read_project

HOST = "127.0.0.1"
PATIENCE_SECONDS = 180
EXAMPLE = "My badge no longer opens the door to the east wing."


def main(given: argparse.Namespace) -> int:
    """Serve the champion until the user stops it; raises UserError where there is none yet."""
    root = Path.cwd()
    environment.prepare(root, quiet=False)
    model, uri = the_model(root, given.model), default_uri(root)
    project = read_project(root)
    registry = Registry(uri, model, project.tracking.experiment)
    champion = registry.aliases().get("champion")
    if champion is None:
        raise UserError(expected=f"a champion of {model}", found="none", todo="Run `make pipeline` first.")
    if not is_free(HOST, given.port):
        raise UserError(
            expected=f"port {given.port} free", found="something that listens there", todo="Stop it, or give --port."
        )
    logged = traffic_environment(project, model, champion)
    version = registry.version(champion)
    if version is not None:
        check_version(uri, version.source)
    # The number, not the alias: what was checked and what the log names is what answers.
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", f"models:/{model}/{champion}"]
    command += ["--env-manager", "local", "--host", HOST, "--port", str(given.port)]
    print(f"Version {champion} of {model} is loading...", flush=True)
    ours = {"MLFLOW_TRACKING_URI": uri, "HF_HUB_OFFLINE": os.environ.get("HF_HUB_OFFLINE", "1")}
    process = subprocess.Popen(
        command,
        cwd=root,
        env=child_environment() | ours | logged,
        preexec_fn=stop_with_parent,  # noqa: PLW1509 - no thread was started before
    )
    try:
        wait_until_answers(process, f"http://{HOST}:{given.port}/ping", PATIENCE_SECONDS)
        print(f"Traffic is logged: {'yes' if logged[ENVIRONMENT] else 'no'}")
        print(f"It answers. Try it:\n\n  {request_line(given.port)}\n\nCtrl-C stops it.", flush=True)
        return process.wait()
    finally:
        process.terminate()


def traffic_environment(project: Project, model: str, version: str) -> dict[str, str]:
    """Return the environment by which a server logs its answers, or does not; UserError where the log cannot be."""
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
