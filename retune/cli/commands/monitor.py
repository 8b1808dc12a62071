"""`retune monitor`: what is new, compared with what each champion learnt; it trains only where it is told to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from retune.cli.options import AsJson, ModelNames, Reason, print_json
from retune.core.errors import EXIT_SUCCESS

if TYPE_CHECKING:
    from retune.core.drift.trigger import Monitored

PANEL = "Keep in tune"


def main(
    model: ModelNames = None,
    reason: Reason = "by hand",
    retrain: Annotated[bool, typer.Option("--retrain", help="Run the training that drift asks for.")] = False,
    as_json: AsJson = False,
) -> int:
    """Compares what is new with what each champion learnt; names what moved."""
    from dataclasses import asdict

    found = _found(model or [], reason)
    drifted = [one.model for one in found if one.retrain]
    code = _retrain(drifted) if drifted and retrain else EXIT_SUCCESS
    if as_json:
        print_json([asdict(one) for one in found])
    elif drifted and not retrain and "PREFECT_API_URL" not in os.environ:  # else the automation of `on-drift` knows
        print(f"Next: retune run --cause drift {' '.join(f'--model {name}' for name in drifted)}")
    return code


def _found(models: list[str], reason: str) -> list[Monitored]:
    """Compare, and show every window."""
    print("Comparing documents and traffic with what each champion learnt...", flush=True)
    os.environ["RETUNE_CONSOLE"] = "1"
    from flows.forms import Monitor
    from flows.monitor import start

    found = start(Monitor(models=models, reason=reason))
    for window in (window for one in found for window in one.windows):
        print(f"  {window.source} report: {window.run_url}")
    return found


def _retrain(models: list[str]) -> int:
    """Run the training that drift asks for."""
    from retune.cli.commands import run

    return run.main(model=models, reason="drift", cause=run.Cause.drift)
