"""`retune report`: the page of a version, on which a person can decide."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retune.cli.options import AsJson, ModelName, print_json
from retune.core.errors import EXIT_SUCCESS

PANEL = "Decide"


def main(
    model: ModelName = "",
    version: Annotated[
        str, typer.Option("--version", metavar="N", help="Which version, by number or alias; the newest by default.")
    ] = "",
    as_json: AsJson = False,
) -> int:
    """Writes the page and the model card of a version: how it stands, in pictures, and what it cost."""
    from datetime import UTC, datetime

    from retune.cli.models import the_model
    from tasks.report import report

    root = Path.cwd()
    name = the_model(root, model)
    path = report(root=root, model=name, version=version, now=datetime.now(UTC))
    if as_json:
        print_json({"model": name, "page": str(path)})
        return EXIT_SUCCESS
    print(f"{name}: {path.relative_to(root)} (and report.html and model_card.md with its run in MLflow)")
    return EXIT_SUCCESS
