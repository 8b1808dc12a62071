"""`retune collect`: takes in answers that people corrected; the next run learns from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retune.cli.options import AsJson, ModelName, print_json
from retune.core.errors import EXIT_FAILURE, EXIT_SUCCESS

if TYPE_CHECKING:
    from retune.io.collected import Collected

PANEL = "Keep in tune"


def main(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="A table with request_id and label, or text and label.")
    ],
    model: ModelName = "",
    as_json: AsJson = False,
) -> int:
    """Takes in answers that people corrected; the next run learns from them.

    Ends with 1 where there are rows and none was accepted.
    """
    from flows.collect import take_in
    from retune.cli.models import the_model

    root = Path.cwd()
    name = the_model(root, model)
    done = take_in(root, name, file)
    if as_json:
        counts = {"rows_in": done.counts.rows_in, "accepted": done.counts.rows_out, "refused": done.refused}
        print_json({"model": name, **counts, "answers": done.answers, "expired_rows": done.expired.rows})
    else:
        _show(root, name, done)
    return EXIT_FAILURE if done.counts.rows_in and not done.counts.rows_out else EXIT_SUCCESS


def _show(root: Path, model: str, done: Collected) -> None:
    """Say what became of each row."""
    from retune.io.answers import refused_of

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
