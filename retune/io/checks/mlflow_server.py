"""MLflow answers, lets us in, and takes files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from retune.core.checkup import Finding, Look
from retune.core.errors import UnavailableError, UserError
from retune.io.mlflow_store import connect, experiment_id

QUICK = True
PROBE = "retune-doctor"  # a folder of the artifact store; it is taken away again


def examine(look: Look) -> list[Finding]:
    """Ask for the experiment, then put a file into its artifact store and take it away: credentials differ there."""
    try:
        client = connect(look.tracking_uri)
        experiment = client.get_experiment(experiment_id(client, look.tracking_uri, look.experiment))
    except UnavailableError as error:
        return [Finding("unreachable", str(error))]
    except UserError as error:
        return [Finding("fault", error.found, error.todo)]
    trouble = _stores(str(experiment.artifact_location), look.tracking_uri)
    if trouble:
        todo = "Correct the server's --artifacts-destination, or the credentials of the store."
        return [Finding("unreachable", f"MLflow at {look.tracking_uri} answers, but takes no files: {trouble}", todo)]
    return [Finding("well", f"MLflow at {look.tracking_uri} answers and takes files")]


def _stores(location: str, uri: str) -> str:
    """Return why the artifact store takes no file, empty where it does."""
    from mlflow.exceptions import MlflowException
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    try:
        store: Any = get_artifact_repository(f"{location}/{PROBE}", tracking_uri=uri)
        with tempfile.TemporaryDirectory(prefix="retune-doctor-") as scratch:
            file = Path(scratch) / "asked.txt"
            file.write_text("whether this store takes files", encoding="utf-8")
            store.log_artifact(str(file))
        store.delete_artifacts()
    except (MlflowException, OSError) as error:
        return " ".join(str(error).split())[:300]
    return ""
