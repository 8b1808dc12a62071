"""`retune run`: from the documents to a promoted model, by the flow; nothing starts where nothing changed."""

from __future__ import annotations

import os
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retune.cli.options import AsJson, ModelNames, print_json
from retune.core.errors import EXIT_SUCCESS

if TYPE_CHECKING:
    from retune.core.run_report import RunReport

PANEL = "Run"


class Cause(StrEnum):
    """What a run can be started by."""

    by_hand = "by hand"
    schedule = "schedule"
    drift = "drift"


def main(
    model: ModelNames = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why this run was started, for the record.")
    ] = "by hand",
    cause: Annotated[
        Cause, typer.Option("--cause", help="drift: release.after_drift holds where a drift is recorded.")
    ] = Cause.by_hand,
    as_json: AsJson = False,
) -> int:
    """From the documents to a promoted model: every stage that is not up to date.

    Ends with the run's exit code.
    """
    report, code = _run(model or [], reason, cause)
    if as_json:
        print_json(report.as_dict() | {"exit_code": code})
    return code


def _run(models: list[str], reason: str, cause: Cause) -> tuple[RunReport, int]:
    """Say what will be done, do it, show what came of it, and return the report and the exit code."""
    from retune.core.run_report import RunReport

    root = Path.cwd()
    from flows.plan import LOCK, Plan, prepare
    from retune.cli import summary
    from retune.io.locks import exclusive

    print("Looking at the documents, the settings and what is already done...", flush=True)
    with exclusive(root / LOCK, wait=False):
        plan: Plan = prepare(root, models, say=print, cause=cause.value)
    if plan.nothing_to_do:
        print("Nothing changed: every stage is up to date, and every model is recorded and decided.")
        for name in plan.models:
            print(f"  {summary.champion_line(root, name)}")
        return RunReport(), EXIT_SUCCESS
    print(summary.intention(plan.stages, plan.changed, plan.unsettled), flush=True)
    return _flow(root, models, reason, cause)


def _flow(root: Path, models: list[str], reason: str, cause: Cause) -> tuple[RunReport, int]:
    """Run the flow in this process, on an embedded server or on that of PREFECT_API_URL."""
    from retune.cli import summary
    from retune.core.run_report import RunReport, report_of
    from retune.io.files import read_json
    from retune.io.place import LAST_RUN

    server = os.environ.get("PREFECT_API_URL", "")
    print(f"Prefect: {server or 'an embedded server is starting, up to a minute on the first run'}...", flush=True)
    os.environ["RETUNE_CONSOLE"] = "1"
    started = time.monotonic()
    from flows.execution import RunFailedError
    from flows.forms import Retrain
    from flows.retrain import start

    (root / LAST_RUN).unlink(missing_ok=True)
    try:
        start(Retrain(models=models, reason=reason, cause=cause.value))
    except RunFailedError as error:
        if not (root / LAST_RUN).exists():
            raise
        code = error.exit_code
    else:
        code = EXIT_SUCCESS
    report = report_of(read_json(root / LAST_RUN)) if (root / LAST_RUN).exists() else RunReport()
    summary.show(root, report, seconds=time.monotonic() - started)
    return report, code
