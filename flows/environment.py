"""What Prefect must be told before it is imported: where it lives, its patience, and silence towards its makers."""

from __future__ import annotations

import os
from pathlib import Path

from retune.core.errors import UserError

POOL = "retune"
SERVER = "PREFECT_API_URL"
TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DVC_NO_ANALYTICS": "1",
    "ITERATIVE_DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
HEARTBEAT_SECONDS = 30  # the least that Prefect takes


def prepare(root: Path, *, quiet: bool) -> None:
    """Set Prefect's environment for this process and its children; what the user has set stands.

    The embedded server needs up to a minute on its first start, three times its own patience. With `quiet` its console
    handler is off, since the command line speaks for itself; the log still reaches Prefect's pages.
    """
    settings = {
        **TELEMETRY_OFF,
        "PREFECT_HOME": str(root / ".prefect"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",  # "database is locked" is retried, and reads as a failure
        **({"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"} if quiet else {}),
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)


def need_server() -> None:
    """Raise UserError where no Prefect server is named that outlives this process."""
    if SERVER not in os.environ:
        todo = "Start one (make ui), then: export PREFECT_API_URL=http://127.0.0.1:4200/api"
        raise UserError(expected=f"a Prefect server in {SERVER}", found="none", todo=todo)
