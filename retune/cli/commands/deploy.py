"""`retune deploy`: pool, deployments and automations onto the Prefect server of PREFECT_API_URL."""

from __future__ import annotations

from pathlib import Path

from retune.cli.options import AsJson, print_json
from retune.core.errors import EXIT_SUCCESS

PANEL = "Keep in tune"


def main(as_json: AsJson = False) -> int:
    """Schedules, events and automations onto the Prefect server of PREFECT_API_URL."""
    root = Path.cwd()
    from flows.deploy import deploy

    lines = deploy(root)
    if as_json:
        print_json({"deployed": lines})
        return EXIT_SUCCESS
    print("\n".join([*lines, "Next, on this host: make worker"]))
    return EXIT_SUCCESS
