"""`retune promote`: a version becomes the champion, where its evidence supports it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retune.cli.options import AsJson, ModelName, Reason
from retune.core.errors import EXIT_SUCCESS

PANEL = "Decide"
VersionNumber = Annotated[str, typer.Option("--version", metavar="N", help="Which version; the challenger by default.")]
Force = Annotated[
    bool, typer.Option("--force", help="Overrule the evidence; needs a reason, and is recorded as forced.")
]


def main(
    model: ModelName = "",
    version: VersionNumber = "",
    reason: Reason = "by hand",
    force: Force = False,
    as_json: AsJson = False,
) -> int:
    """Makes a version the champion, where its evidence supports it; takes seconds."""
    from retune.cli.models import the_model
    from retune.cli.moves import promoted, show

    root = Path.cwd()
    name = the_model(root, model)
    show(name, promoted(root, name, version=version, reason=reason, force=force), as_json=as_json)
    return EXIT_SUCCESS
