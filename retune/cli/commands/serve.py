"""`retune serve`: MLflow's model server on the champion, on this machine only; it follows the champion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retune.cli.options import ModelName
from retune.core.errors import IntegrityError, UnavailableError, UserError

if TYPE_CHECKING:
    from retune.io.registry import Registry
    from retune.project import Project

PANEL = "Run"
QUIET = False  # the console of what it starts is for a person
HOST = "127.0.0.1"
PATIENCE_SECONDS = 180
POLL_SECONDS = 10.0
EXAMPLE = "My badge no longer opens the door to the east wing."


def main(
    model: ModelName = "", port: Annotated[int, typer.Option("--port", metavar="PORT", help="Where to listen.")] = 5001
) -> int:
    """Answers by the champion over HTTP, on this machine only, until it is stopped; follows the champion."""
    from retune.cli.models import the_model
    from retune.io.mlflow_store import default_uri
    from retune.io.registry import Registry
    from retune.project import read_project

    root = Path.cwd()
    name, uri, project = the_model(root, model), default_uri(root), read_project(root)
    registry = Registry(uri, name, project.tracking.experiment)
    champion = registry.aliases().get("champion")
    if champion is None:
        raise UserError(expected=f"a champion of {name}", found="none", todo="Run `make pipeline` first.")
    _check(registry, champion)
    while True:
        told = {"MLFLOW_TRACKING_URI": uri, **traffic_environment(project, name, champion)}
        code, champion = _serve(root, registry, champion, port, told)
        if not champion:
            return code


def _check(registry: Registry, number: str) -> None:
    """Raise IntegrityError for a version whose files or code are not its own."""
    from retune.io.logged_model import checked
    from retune.io.registry import PACKAGE

    version = registry.version(number)
    if version is not None:
        with checked(registry.uri, version.source, version.tags.get(PACKAGE, "")):
            pass  # MLflow's server loads it by itself


def _serve(root: Path, registry: Registry, champion: str, port: int, told: dict[str, str]) -> tuple[int, str]:
    """Start MLflow's server on one version and wait; returns its exit code and the version to serve next, if any."""
    from retune.core.params.traffic import ENVIRONMENT
    from retune.io.dvc import environment as child_environment
    from retune.io.ports import is_free, stop_with_parent, wait_until_answers

    if not is_free(HOST, port):
        raise UserError(
            expected=f"port {port} free", found="something that listens there", todo="Stop it, or give --port."
        )
    # The number, not the alias: what was checked and what the log names is what answers.
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", f"models:/{registry.name}/{champion}"]
    command += ["--env-manager", "local", "--host", HOST, "--port", str(port)]
    print(f"Version {champion} of {registry.name} is loading...", flush=True)
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
        following = follow(process, registry, champion)
        return process.poll() or 0, following
    finally:
        process.terminate()
        process.wait()
        _wait_until_free(port)


def _wait_until_free(port: int) -> None:
    """Wait until the server's own child has let go of the port too; it ends when its parent does."""
    import time

    from retune.io.ports import is_free

    until = time.monotonic() + PATIENCE_SECONDS
    while not is_free(HOST, port) and time.monotonic() < until:
        time.sleep(0.2)


def follow(process: subprocess.Popen[bytes], registry: Registry, champion: str) -> str:
    """Wait until the server ends, or until a version may take its place; return that version, empty where it ended.

    A new champion whose files are not its own does not: the old one goes on answering.
    """
    refused = champion
    while True:
        try:
            process.wait(POLL_SECONDS)
            return ""
        except subprocess.TimeoutExpired:
            pass
        try:
            now = registry.aliases().get("champion", champion)
            if now in (champion, refused):
                continue
            _check(registry, now)
        except UnavailableError:
            continue  # MLflow is away: what answers goes on answering
        except IntegrityError as error:
            refused = now
            print(f"Version {champion} goes on answering: {error}", file=sys.stderr, flush=True)
            continue
        print(f"The champion is now version {now}.", flush=True)
        return now


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
