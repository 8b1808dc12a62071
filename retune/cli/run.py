"""`retune run`: from the documents to a promoted model, by the flow; nothing starts where nothing changed."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from flows import environment
from retune.cli import summary
from retune.core.errors import EXIT_SUCCESS
from retune.core.run_report import RunReport, report_of
from retune.io.files import read_json
from retune.io.locks import exclusive


def main(given: argparse.Namespace) -> int:
    """Say what will be done, do it, show what came of it, and return the run's exit code."""
    from flows.plan import LOCK, Plan, prepare

    root = Path.cwd()
    environment.prepare(root, quiet=True)
    print("Looking at the documents, the settings and what is already done...", flush=True)
    with exclusive(root / LOCK, wait=False):
        plan: Plan = prepare(root, given.model, say=print, cause=given.cause)
    if plan.nothing_to_do:
        print("Nothing changed: every stage is up to date, and every model is recorded and decided.")
        for model in plan.models:
            print(f"  {summary.champion_line(root, model)}")
        return EXIT_SUCCESS
    print(summary.intention(plan.stages, plan.changed, plan.unsettled), flush=True)
    return _flow(root, given)


def _flow(root: Path, given: argparse.Namespace) -> int:
    """Run the flow in this process, on an embedded server or on that of PREFECT_API_URL."""
    server = os.environ.get("PREFECT_API_URL", "")
    print(f"Prefect: {server or 'an embedded server is starting, up to a minute on the first run'}...", flush=True)
    os.environ["RETUNE_CONSOLE"] = "1"
    started = time.monotonic()
    report_file = root / ".retune" / "last_run.json"
    report_file.unlink(missing_ok=True)
    from flows.execution import RunFailedError
    from flows.forms import Retrain
    from flows.retrain import start

    try:
        start(Retrain(models=given.model, reason=given.reason, cause=given.cause))
    except RunFailedError as error:
        if not report_file.exists():
            raise
        code = error.exit_code
    else:
        code = EXIT_SUCCESS
    report = report_of(read_json(report_file)) if report_file.exists() else RunReport()
    summary.show(root, report, seconds=time.monotonic() - started)
    return code
