"""The documents' source is there, and data/ holds nothing that an update would lose."""

from __future__ import annotations

from pathlib import Path

from retune.core.checkup import Finding, Look
from retune.core.errors import UserError
from retune.io.source import TRACKED, listing, read_source

QUICK = False


def examine(look: Look) -> list[Finding]:
    """Look where data.dvc points; a source that is not a folder of this host is asked by the run itself."""
    root = Path(look.root)
    try:
        source = read_source(root)
    except UserError as error:
        return [Finding("fault", f"{TRACKED}: {error.found}", error.todo)]
    if not source.is_local:
        return [Finding("well", f"{source.location}: asked when a run updates data/")]
    folder = root / (source.location or "data")
    files = len(listing(folder))
    if not files:
        return [
            Finding(
                "fault", f"no documents in {folder}", "Put some there, or name another source: make source FROM=..."
            )
        ]
    return [Finding("well", f"{files} files in {source.location or 'data/'}")]
