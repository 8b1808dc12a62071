"""`retune deploy`: pool, deployments and automations onto the Prefect server of PREFECT_API_URL."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows import environment
from retune.core.errors import EXIT_SUCCESS


def main(_given: argparse.Namespace) -> int:
    """Deploy, and say what stands and what is still to be started."""
    root = Path.cwd()
    environment.prepare(root, quiet=True)
    from flows.deploy import deploy

    for line in deploy(root):
        print(line)
    print("Next, on this host: make worker")
    return EXIT_SUCCESS
