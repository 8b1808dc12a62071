"""`retune monitor`: what is new, compared with what each champion learnt; it trains only where it is told to."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from flows import environment
from retune.core.errors import EXIT_SUCCESS


def main(given: argparse.Namespace) -> int:
    """Show every window and what follows; with `--retrain`, run the training that drift asks for."""
    root = Path.cwd()
    environment.prepare(root, quiet=True)
    print("Comparing documents and traffic with what each champion learnt...", flush=True)
    os.environ["RETUNE_CONSOLE"] = "1"
    from flows.forms import Monitor
    from flows.monitor import start

    found = start(Monitor(models=given.model, reason=given.reason))
    for window in (window for one in found for window in one.windows):
        print(f"  {window.source} report: {window.run_url}")
    drifted = [one.model for one in found if one.retrain]
    if not drifted:
        return EXIT_SUCCESS
    if given.retrain:
        return _retrain(drifted)
    if "PREFECT_API_URL" not in os.environ:  # there the automation of `on-drift` has heard of it
        print(f"Next: retune run --cause drift {' '.join(f'--model {model}' for model in drifted)}")
    return EXIT_SUCCESS


def _retrain(models: list[str]) -> int:
    """Run the training that drift asks for."""
    from retune.cli import run

    return run.main(argparse.Namespace(model=models, reason="drift", cause="drift"))
