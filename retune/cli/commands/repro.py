"""`retune repro`: the data brought up to date, the bases pinned, and `dvc repro`; no server."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from retune.cli.options import AsJson, print_json
from retune.core.errors import EXIT_SUCCESS, RetuneError, UserError

PANEL = "Run"


class ReproductionFailedError(RetuneError):
    """`dvc repro` stopped; its own lines say why."""


def main(
    stages: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STAGE]...", help="Only these and what they depend on, such as split@ticket-router."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """The stages alone, by DVC, without any server; MLflow learns of them at the next `retune run`."""
    from flows.plan import LOCK, bring_up_to_date
    from retune.io import dvc
    from retune.io.locks import exclusive

    root, asked = Path.cwd(), stages or []
    with exclusive(root / LOCK):
        bring_up_to_date(root, models_of(asked), say=print)
        hold_to_known(asked, [stage.name for stage in dvc.stages(root)] if asked else [])
        code, _ = dvc.run(root, ["repro", *asked], print)
    if code != 0:
        raise ReproductionFailedError("a stage stopped; its last lines above say why. `retune run` explains exit codes")
    if as_json:
        print_json({"reproduced": True})
    else:
        print("\nNothing was recorded in MLflow: `make pipeline` does that, and runs no stage again.")
    return EXIT_SUCCESS


def models_of(stages: list[str]) -> list[str]:
    """Return the models whose bases these stages may need: those that they name, each once."""
    return sorted({stage.partition("@")[2] for stage in stages} - {""})


def hold_to_known(stages: list[str], known: list[str]) -> None:
    """Raise UserError where one of the stages that were asked for is not among the known ones."""
    for stage in stages:
        if stage not in known:
            close = get_close_matches(stage, known, n=1)
            todo = f"Did you mean {close[0]}?" if close else f"Take one of these: {', '.join(known)}."
            raise UserError(expected="a stage of dvc.yaml", found=repr(stage), todo=todo)
