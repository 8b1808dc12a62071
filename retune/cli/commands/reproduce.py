"""`retune reproduce`: a version trained again from what it was trained from, and held against itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retune.cli.options import AsJson, ModelName, print_json
from retune.core.errors import EXIT_INTEGRITY, EXIT_SUCCESS

PANEL = "Answer for it"


def main(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The version's number in MLflow's registry.")],
    model: ModelName = "",
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the fresh checkout under .retune/reproductions, to look into.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Trains a version again from its own code, settings and documents, and says whether scores and bytes agree."""
    from retune.cli.models import the_model
    from retune.core.reproduction import told
    from tasks.reproduce import reproduce

    root = Path.cwd()
    made = reproduce(root=root, model=the_model(root, model), version=version, say=print, keep=keep)
    print("\n".join(told(made)))
    if as_json:
        print_json(made.as_dict())
    return EXIT_SUCCESS if made.agrees else EXIT_INTEGRITY
