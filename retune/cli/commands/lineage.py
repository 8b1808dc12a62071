"""`retune lineage`: from a document to all versions that saw it, and from a version back to its documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retune.cli.options import AsJson, print_json
from retune.core.errors import EXIT_SUCCESS, UserError

PANEL = "Answer for it"


def main(
    document: Annotated[str, typer.Option("--document", metavar="ID", help="Which versions saw this document.")] = "",
    source: Annotated[
        str, typer.Option("--source", metavar="PATH", help="The same for a file or a folder below data/.")
    ] = "",
    example: Annotated[str, typer.Option("--example", metavar="ID", help="The same for one training example.")] = "",
    version: Annotated[
        str, typer.Option("--version", metavar="N", help="Which examples and documents a version stands on.")
    ] = "",
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="Of which model the version is; needed where two have one.")
    ] = "",
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the index anew from MLflow first; the only part that asks a server.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Tells which versions saw a document, and what a version stands on; offline, in under a second."""
    from retune.cli import lineage as view
    from retune.io.lineage import reading

    asked = {"--document": document, "--source": source, "--example": example, "--version": version}
    given = [name for name, value in asked.items() if value]
    if len(given) != 1 and not (rebuild and not given):
        todo = "Such as: retune lineage --document ID"
        raise UserError(expected=f"one of {', '.join(asked)}", found=" and ".join(given) or "none", todo=todo)
    root = Path.cwd()
    count = _rebuild(root) if rebuild else 0
    if not given:
        if as_json:
            print_json({"trainings": count})
        else:
            print(f"The index holds what {count} trainings saw.")
        return EXIT_SUCCESS
    with reading(root) as index:
        if version:
            name = view.named(index, model, version)
            answer = view.of_version(index, name)
            answer |= {"links": view.examples_of(index, name)} if as_json else {}
        elif document:
            answer = view.of_document(index, document)
        else:
            answer = view.of_source(index, source) if source else view.of_example(index, example)
    if as_json:
        print_json(answer, indent=None)  # a version of 100,000 examples would take seconds to be written with it
    else:
        print("\n".join(view.lines_of(answer)))
    return EXIT_SUCCESS


def _rebuild(root: Path) -> int:
    """Make the index anew and return how many trainings it holds."""
    from retune.io.lineage_mirror import rebuild
    from retune.io.mlflow_store import default_uri
    from retune.io.tracking import Tracking
    from retune.project import read_project

    tracking = Tracking(default_uri(root), read_project(root).tracking.experiment)
    return len({one.run_id for one in rebuild(root, tracking)})
