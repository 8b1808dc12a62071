"""The way to MLflow: which server, is it there, its database made whole once, and what its errors mean."""

from __future__ import annotations

import os
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.core.errors import UnavailableError, UserError
from retune.core.fingerprint import sha256_of
from retune.io.files import whole_file
from retune.io.locks import exclusive

if TYPE_CHECKING:
    from mlflow import MlflowClient

RUNS = "retune"
DECISIONS = "-decisions"  # behind the name of the experiment that holds the runs
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
KIND_OF_PAGES = {"mlflow.experimentKind": "custom_model_development"}  # pages for training, not for traces of agents
SQLITE = "sqlite:///"
LOCAL_PAGES = "http://127.0.0.1:5000"

HOST, PROCESS, STARTED = "retune.host", "retune.process", "retune.process_started"
NO_CONNECTION = (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError)
CLOCK_SLACK_SECONDS = 2.0  # a process start is known to this much, since it is counted from the boot

# MLflow's own are 120 s and 7 retries with growing pauses: many minutes of silence before the first word.
PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "20", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
# A server that has just started opens its database at the first request: 5 s were too short on a busy machine.
FIRST_WORD = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "15", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}


def default_uri(root: Path) -> str:
    """Return MLFLOW_TRACKING_URI, else the SQLite file of the checkout, by its absolute path."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}{root.resolve() / 'mlflow.db'}"


def database_of(uri: str) -> Path | None:
    """Return the file of a SQLite address, None for any other address."""
    return Path(uri.removeprefix(SQLITE)).resolve() if uri.startswith(SQLITE) else None


def connect(uri: str) -> MlflowClient:
    """Return a client whose server has answered; one that does not raises UnavailableError within seconds."""
    _calm()
    _create_database(uri)
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    with _environment(FIRST_WORD), answering(uri):
        client.search_experiments(max_results=1)
    return client


@contextmanager
def answering(uri: str) -> Iterator[None]:
    """Turn what MLflow raises when it cannot do its work into an UnavailableError that says what to do."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise UnavailableError(
            f"MLflow at {uri} {_failure(error)}. Nothing is lost: start the server or correct "
            "MLFLOW_TRACKING_URI (unset, it is the file mlflow.db here), then run the same command again"
        ) from error


def _failure(error: Exception) -> str:
    """Return what MLflow failed in: where there was no connection, in the words of the system alone."""
    first: BaseException = error
    while (behind := first.__cause__ or first.__context__) is not None:
        first = behind
    if isinstance(first, NO_CONNECTION):
        return f"does not answer: {first.strerror or first}"
    return f"did not do what was asked: {' '.join(str(error).split())[:300]}"


@contextmanager
def locked(uri: str) -> Iterator[None]:
    """Hold the lock of this host for searching first and creating then; it cannot be taken twice in one thread.

    All checkouts of a user on this host take the same lock for the same server, so it lies outside of them.
    """
    database = database_of(uri)
    if database:
        lock = database.with_name(f"{database.name}-retune.lock")
    else:
        state = os.environ.get("RETUNE_STATE") or Path(tempfile.gettempdir()) / f"retune-{os.getuid()}"
        lock = Path(state) / f"mlflow-{sha256_of(uri)[:16]}.lock"
    with exclusive(lock):
        yield


def experiment_id(client: MlflowClient, uri: str, name: str) -> str:
    """Return the id of the experiment of that name, created where it is missing, its files beside a SQLite database."""
    with answering(uri), locked(uri):
        found = client.get_experiment_by_name(name)
        if found is None:
            return str(client.create_experiment(name, artifact_location=_artifacts(uri, name), tags=KIND_OF_PAGES))
    if found.lifecycle_stage != "active":
        raise UserError(
            expected=f"the MLflow experiment {name}",
            found="a deleted one of that name",
            todo=f"mlflow experiments restore --experiment-id {found.experiment_id}",
        )
    return str(found.experiment_id)


def has_code(error: Exception, code: str) -> bool:
    """Tell whether an error is MLflow's of that code, such as RESOURCE_DOES_NOT_EXIST."""
    return getattr(error, "error_code", None) == code


def page(uri: str, path: str) -> str:
    """Return the address of a page in the MLflow UI; for a SQLite file, that of the server that `make ui` opens."""
    server = uri.rstrip("/") if uri.startswith("http") else LOCAL_PAGES
    return f"{server}/#/{path}"


def quoted(tags: dict[str, Any]) -> str:
    """Return a search that asks for all of these tags."""
    return " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())


def holder() -> dict[str, str]:
    """Return the tags that say which process holds a run."""
    import psutil

    started = psutil.Process().create_time()
    return {HOST: socket.gethostname(), PROCESS: str(os.getpid()), STARTED: f"{started:.2f}"}


def is_orphan(tags: dict[str, str]) -> bool:
    """Tell whether the process that holds a run was on this host and lives no more."""
    import psutil

    if tags.get(HOST) != socket.gethostname():
        return False
    try:
        started = psutil.Process(int(tags[PROCESS])).create_time()
    except psutil.NoSuchProcess:
        return True
    return bool(abs(started - float(tags[STARTED])) > CLOCK_SLACK_SECONDS)


def _calm() -> None:
    """Switch telemetry off and set short patience, where the user has not set theirs."""
    for name, value in {**QUIET, **PATIENCE}.items():
        os.environ.setdefault(name, value)


def _artifacts(uri: str, experiment: str) -> str | None:
    """Return where the files of an experiment lie; a server knows that itself."""
    database = database_of(uri)
    return (database.parent / "mlartifacts" / experiment).as_uri() if database else None


def _create_database(uri: str) -> None:
    """Make a new SQLite database under another name first: its migrations take 5 to 18 s, and a kill would tear it."""
    database = database_of(uri)
    if database is None or database.exists():
        return
    with locked(uri):
        if database.exists():
            return
        import mlflow

        with whole_file(database) as partial, answering(uri):
            mlflow.MlflowClient(tracking_uri=f"{SQLITE}{partial}").search_experiments(max_results=1)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the time of the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
