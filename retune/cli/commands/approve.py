"""`retune approve`: a person says yes to a version that waits, by their account on MLflow's server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retune.cli.options import AsJson, ModelName, Reason
from retune.core.errors import EXIT_SUCCESS

PANEL = "Decide"


def main(
    model: ModelName = "",
    version: Annotated[
        str, typer.Option("--version", metavar="N", help="Which version; the challenger by default.")
    ] = "",
    reason: Reason = "by hand",
    as_json: AsJson = False,
) -> int:
    """Approves a version, which then becomes the champion where its evidence supports it."""
    from retune.cli.models import the_model
    from retune.cli.moves import promoted, show
    from tasks.approve import approve

    root = Path.cwd()
    name = the_model(root, model)
    given = approve(root=root, model=name, version=version, reason=reason)
    show(name, promoted(root, name, version=given.after, reason=reason), as_json=as_json)
    return EXIT_SUCCESS
