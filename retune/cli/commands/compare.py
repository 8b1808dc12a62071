"""`retune compare`: two versions side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retune.cli.options import AsJson, ModelName, print_json
from retune.core.errors import EXIT_SUCCESS

PANEL = "Decide"


def main(
    first: Annotated[
        str, typer.Argument(metavar="[A]", help="A version, by number or alias; the champion by default.")
    ] = "",
    second: Annotated[str, typer.Argument(metavar="[B]", help="Another one; the newest by default.")] = "",
    model: ModelName = "",
    as_json: AsJson = False,
) -> int:
    """Compares two versions on the test rows that both answered, and in their settings and data."""
    from retune.cli.comparison import show
    from retune.cli.models import the_model
    from tasks.compare import compare

    root = Path.cwd()
    found = compare(root=root, model=the_model(root, model), first=first, second=second)
    if as_json:
        print_json(found.as_dict())
    else:
        show(found)
    return EXIT_SUCCESS
