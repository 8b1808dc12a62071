"""`retune repro`: the data brought up to date, the bases pinned, and `dvc repro`; no server."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows import environment
from flows.plan import LOCK, bring_up_to_date
from retune.core.errors import RetuneError
from retune.io import dvc
from retune.io.locks import exclusive


class ReproductionFailedError(RetuneError):
    """`dvc repro` stopped; its own lines say why."""


def main(_given: argparse.Namespace) -> int:
    """Reproduce all stages as `dvc repro` does; MLflow learns of them at the next `retune run`."""
    root = Path.cwd()
    environment.prepare(root, quiet=True)
    with exclusive(root / LOCK):
        bring_up_to_date(root, [], say=print)
        code, _ = dvc.run(root, ["repro"], print)
    if code != 0:
        raise ReproductionFailedError("a stage stopped; its last lines above say why. `retune run` explains exit codes")
    print("\nNothing was recorded in MLflow: `make pipeline` does that, and runs no stage again.")
    return 0
