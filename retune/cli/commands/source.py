"""`retune source`: names where the documents come from, without losing what was put into data/."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retune.cli.options import AsJson, print_json
from retune.core.errors import EXIT_SUCCESS

PANEL = "Run"


def main(
    location: Annotated[
        str, typer.Argument(metavar="FOLDER_OR_URL", help="Such as /srv/documents, s3://bucket/documents, data.")
    ],
    as_json: AsJson = False,
) -> int:
    """Names where the documents come from: a folder, a URL, or data/ itself."""
    from flows.plan import LOCK
    from retune.io import dvc, source
    from retune.io.locks import exclusive

    root = Path.cwd()
    with exclusive(root / LOCK, wait=False):
        dvc.heal(root)
        source.choose(root, location, say=lambda _line: None)
    files = len(source.listing(root / source.FOLDER))
    if as_json:
        print_json({"source": location, "files": files})
    else:
        print(f"{source.FOLDER}/ has {files} files, and {location} is their source. Next: make pipeline")
    return EXIT_SUCCESS
