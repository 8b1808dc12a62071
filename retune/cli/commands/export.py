"""`retune export`: a version as a folder that transformers or peft loads, without this project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retune.cli.options import AsJson, print_json
from retune.core.errors import EXIT_SUCCESS

PANEL = "Answer for it"


def main(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL[@VERSION]", help="A model; its champion, or a version by number or alias."),
    ],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that is not there yet.")],
    merged: Annotated[
        bool,
        typer.Option("--merged", help="Put what was learnt into the base's own weights, so that peft is not asked."),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Writes a version as a folder that transformers, or peft over the base, loads; its README.md says how."""
    from datetime import UTC, datetime

    from retune.cli.models import the_model
    from retune.core.usage import FORMS
    from tasks.export import export

    name, _, version = model.partition("@")
    root = Path.cwd()
    known = the_model(root, name)
    usage = export(root=root, model=known, version=version, folder=folder, merged=merged, now=datetime.now(UTC))
    if as_json:
        print_json({"folder": str(folder), "form": usage.form, "loader": usage.loader, "head": usage.head})
        return EXIT_SUCCESS
    print(f"{folder}: {FORMS[usage.form]}\nREADME.md there has the card, and how it is loaded and asked.")
    return EXIT_SUCCESS
