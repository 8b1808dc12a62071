"""`retune repro`: the data brought up to date, the bases pinned, and `dvc repro`; no server."""

from __future__ import annotations

from pathlib import Path

from retune.cli.options import AsJson, print_json
from retune.core.errors import EXIT_SUCCESS, RetuneError

PANEL = "Run"


class ReproductionFailedError(RetuneError):
    """`dvc repro` stopped; its own lines say why."""


def main(as_json: AsJson = False) -> int:
    """The stages alone, by DVC, without any server; MLflow learns of them at the next `retune run`."""
    from flows.plan import LOCK, bring_up_to_date
    from retune.io import dvc
    from retune.io.locks import exclusive

    root = Path.cwd()
    with exclusive(root / LOCK):
        bring_up_to_date(root, [], say=print)
        code, _ = dvc.run(root, ["repro"], print)
    if code != 0:
        raise ReproductionFailedError("a stage stopped; its last lines above say why. `retune run` explains exit codes")
    if as_json:
        print_json({"reproduced": True})
    else:
        print("\nNothing was recorded in MLflow: `make pipeline` does that, and runs no stage again.")
    return EXIT_SUCCESS
