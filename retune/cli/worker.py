"""`retune worker`: carries out on this host what the Prefect server of PREFECT_API_URL says is due."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from flows import environment
from retune.core.errors import UserError

POOL = "retune"


def main(_given: argparse.Namespace) -> int:
    """Become Prefect's worker of the pool, with the settings that our flows need."""
    environment.prepare(Path.cwd(), quiet=False)
    if "PREFECT_API_URL" not in os.environ:
        todo = "Start one (make ui), then: export PREFECT_API_URL=http://127.0.0.1:4200/api"
        raise UserError(expected="a Prefect server in PREFECT_API_URL", found="none", todo=todo)
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
    os.execv(sys.executable, command)  # noqa: S606 - our own words
