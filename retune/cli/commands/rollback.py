"""`retune rollback`: the previous champion is the champion again."""

from __future__ import annotations

from pathlib import Path

from retune.cli.options import AsJson, ModelName, Reason
from retune.core.errors import EXIT_SUCCESS

PANEL = "Decide"


def main(model: ModelName = "", reason: Reason = "by hand", as_json: AsJson = False) -> int:
    """Makes the previous champion the champion again; takes seconds."""
    from retune.cli.models import the_model
    from retune.cli.moves import rolled_back, show

    root = Path.cwd()
    name = the_model(root, model)
    show(name, rolled_back(root, name, reason=reason), as_json=as_json)
    return EXIT_SUCCESS
