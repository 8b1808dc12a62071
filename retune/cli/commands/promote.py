"""`retune promote`: a version becomes the champion, where its evidence supports it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retune.cli.options import AsJson, ModelName, Reason, print_json
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
    """Makes a version the champion, where its evidence supports it; takes seconds."""
    from dataclasses import asdict

    from flows import environment
    from retune.cli.models import the_model
    from tasks.promote import promote

    root = Path.cwd()
    environment.prepare(root, quiet=True)
    name = the_model(root, model)
    made = promote(root=root, model=name, version=version, reason=reason)
    if as_json:
        print_json({"model": name, **asdict(made)})
        return EXIT_SUCCESS
    print(f"{name}: the champion is version {made.after} (before: {made.before or 'none'}), because: {made.why}")
    return EXIT_SUCCESS
