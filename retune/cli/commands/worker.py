"""`retune worker`: carries out on this host what the Prefect server of PREFECT_API_URL says is due."""

from __future__ import annotations

import os
import sys

PANEL = "Keep in tune"
QUIET = False  # the console of what it starts is for a person


def main() -> int:
    """Carries out on this host what the Prefect server of PREFECT_API_URL says is due."""
    from flows import environment

    environment.need_server()
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", environment.POOL, "--type", "process"]
    os.execv(sys.executable, command)  # noqa: S606 - our own words
