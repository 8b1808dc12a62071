"""`retune promote`: a version becomes the champion, where its evidence supports it."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows import environment
from retune.cli.models import the_model
from tasks.promote import promote


def main(given: argparse.Namespace) -> int:
    """Move the champion and say what moved; needs no Prefect, so that it takes seconds."""
    root = Path.cwd()
    environment.prepare(root, quiet=True)
    model = the_model(root, given.model)
    made = promote(root=root, model=model, version=given.version, reason=given.reason)
    print(f"{model}: the champion is version {made.after} (before: {made.before or 'none'}), because: {made.why}")
    return 0
