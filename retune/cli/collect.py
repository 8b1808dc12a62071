"""`retune collect`: takes in answers that people corrected; the next run learns from them."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows import environment
from retune.cli.models import the_model
from retune.core.errors import EXIT_FAILURE, EXIT_SUCCESS
from retune.io.answers import refused_of


def main(given: argparse.Namespace) -> int:
    """Take in a file and say what became of each row; 1 where there are rows and none was accepted."""
    from flows.collect import take_in

    root = Path.cwd()
    environment.prepare(root, quiet=True)
    model = the_model(root, given.model)
    done = take_in(root, model, Path(given.file))
    counts = done.counts
    changes = ", ".join(f"{number} {what}" for what, number in counts.details.items())
    print(f"{counts.rows_in} answers for {model}: {counts.rows_out} accepted ({changes}), {counts.rejected} refused")
    for reason, number in done.refused.items():
        print(f"  {number:6} {reason.replace('_', ' ')}")
    if done.refused:
        print(f"Why, row by row: {refused_of(root, model).relative_to(root)}")
    if done.skipped_files:
        print(f"{done.skipped_files} files in the traffic log are none of its own, and were skipped")
    if done.expired.days:
        print(f"{done.expired.rows} rows of {len(done.expired.days)} days in the traffic log were too old, and deleted")
    print(f"{done.answers} answers stand. Next: make pipeline")
    return EXIT_FAILURE if counts.rows_in and not counts.rows_out else EXIT_SUCCESS
