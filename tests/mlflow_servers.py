"""Real MLflow servers on loopback: on SQLite or PostgreSQL, with accounts or without, each stopped with its test."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from retune.io.ports import stop_with_parent, wait_until_answers

HOST = "127.0.0.1"
PATIENCE_SECONDS = 240
POSTGRES = Path("/usr/lib/postgresql")  # of Debian: one folder per version
ADMIN, PASSWORD = "admin", "a password for tests alone"
ACCOUNTS = """[mlflow]
default_permission = EDIT
database_uri = sqlite:///{folder}/accounts.db
admin_username = {admin}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 60
"""


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, None where there are none."""
    on_path = shutil.which("initdb")
    found = [*POSTGRES.glob("*/bin"), *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in found if (folder / "pg_isready").exists()), None)


@contextmanager
def postgres() -> Iterator[str]:
    """Run an empty PostgreSQL on loopback; yields the address of its database.

    Its files lie beside pytest's, not below: each start of pytest closes that folder to all users but its own.
    """
    programs = postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL on this machine")
    with tempfile.TemporaryDirectory(prefix="retune-postgres-") as scratch:
        folder, user = Path(scratch), _not_root(Path(scratch))
        data, port = folder / "data", free_port()
        _as(user, programs / "initdb", "-D", data, "-U", "mlflow", "-A", "trust", "-E", "UTF8", "--no-sync")
        start = [programs / "postgres", "-D", data, "-h", HOST, "-p", port, "-k", folder, "-c", "fsync=off"]
        with (folder / "postgres.log").open("wb") as log:
            server = subprocess.Popen(_command(user, *start), stdout=log, stderr=log, preexec_fn=stop_with_parent)  # noqa: PLW1509
        try:
            _wait_for_postgres(programs, port)
            _as(user, programs / "createdb", "-h", HOST, "-p", port, "-U", "mlflow", "mlflow")
            yield f"postgresql://mlflow@{HOST}:{port}/mlflow"
        finally:
            server.send_signal(2)  # a fast shutdown: it does not wait for MLflow's connections
            server.wait(60)


@contextmanager
def mlflow_server(folder: Path, backend: str, *, accounts: bool = False) -> Iterator[str]:
    """Run MLflow's server on a database; with `accounts` it asks for a password. Yields its address."""
    port = free_port()
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    words = ["--backend-store-uri", backend, "--artifacts-destination", str(folder / "artifacts")]
    words += ["--host", HOST, "--port", str(port), "--workers", "1"]
    if accounts:
        (folder / "accounts.ini").write_text(ACCOUNTS.format(folder=folder, admin=ADMIN))
        environment |= {
            "MLFLOW_AUTH_CONFIG_PATH": str(folder / "accounts.ini"),
            "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
            "MLFLOW_FLASK_SERVER_SECRET_KEY": "of a test",
        }
        words += ["--app-name", "basic-auth"]
    command = [sys.executable, "-m", "mlflow", "server", *words]
    with (folder / "mlflow.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, preexec_fn=stop_with_parent)  # noqa: PLW1509
    try:
        wait_until_answers(process, f"http://{HOST}:{port}/health", PATIENCE_SECONDS)
        yield f"http://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(60)


def add_account(uri: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a server with accounts know one more person, whose password is that of all."""
    from mlflow.server.auth.client import AuthServiceClient

    be(ADMIN, monkeypatch)
    AuthServiceClient(uri).create_user(name, PASSWORD)


def be(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the requests of this process and its children bear the password of that account."""
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", name)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)


@pytest.fixture
def mlflow_on(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Iterator[Callable[..., str]]:
    """Return what starts an MLflow server: `mlflow_on("sqlite" or "postgresql", accounts=False)` gives its address."""
    with ExitStack() as running:

        def start(kind: str, *, accounts: bool = False) -> str:
            folder = tmp_path_factory.mktemp(kind)
            if kind == "postgresql":
                backend = running.enter_context(postgres())
            else:
                shutil.copyfile(migrated_database, folder / "mlflow.db")
                backend = f"sqlite:///{folder / 'mlflow.db'}"
            return running.enter_context(mlflow_server(folder, backend, accounts=accounts))

        yield start


def _wait_for_postgres(programs: Path, port: int) -> None:
    """Wait until PostgreSQL takes connections."""
    import time

    until = time.monotonic() + PATIENCE_SECONDS
    asking = [str(programs / "pg_isready"), "-q", "-h", HOST, "-p", str(port)]
    while subprocess.run(asking, check=False).returncode != 0:
        assert time.monotonic() < until, "PostgreSQL did not start"
        time.sleep(0.2)


def _not_root(folder: Path) -> str:
    """Return as whom PostgreSQL runs, which refuses root, and give that user the folder."""
    if os.getuid() != 0:
        return ""
    user = next((name for name in ("postgres", "nobody") if name in {one.pw_name for one in pwd.getpwall()}), "")
    if not user or shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL does not run as root, and no other user is at hand")
    shutil.chown(folder, user)
    return user


def _command(user: str, *words: object) -> list[str]:
    """Return a command that runs as that user, as our own for an empty name."""
    switch = ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"] if user else []
    return [*switch, *map(str, words)]


def _as(user: str, *words: object) -> None:
    """Run a command as that user to its end."""
    subprocess.run(_command(user, *words), check=True, capture_output=True, cwd="/")
