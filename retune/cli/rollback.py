"""`retune rollback`: the previous champion is the champion again."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows import environment
from retune.cli.models import the_model
from tasks.rollback import rollback


def main(given: argparse.Namespace) -> int:
    """Move the champion back and say what moved; needs no Prefect, so that it takes seconds."""
    root = Path.cwd()
    environment.prepare(root, quiet=True)
    model = the_model(root, given.model)
    made = rollback(root=root, model=model, reason=given.reason)
    print(f"{model}: the champion is version {made.after} (before: {made.before}), because: {made.why}")
    return 0
