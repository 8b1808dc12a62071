"""`retune rollback`: the previous champion is the champion again."""

from __future__ import annotations

from pathlib import Path

from retune.cli.options import AsJson, ModelName, Reason, print_json
from retune.core.errors import EXIT_SUCCESS

PANEL = "Decide"


def main(model: ModelName = "", reason: Reason = "by hand", as_json: AsJson = False) -> int:
    """Makes the previous champion the champion again; takes seconds."""
    from dataclasses import asdict

    from flows import environment
    from retune.cli.models import the_model
    from tasks.rollback import rollback

    root = Path.cwd()
    environment.prepare(root, quiet=True)
    name = the_model(root, model)
    made = rollback(root=root, model=name, reason=reason)
    if as_json:
        print_json({"model": name, **asdict(made)})
        return EXIT_SUCCESS
    print(f"{name}: the champion is version {made.after} (before: {made.before}), because: {made.why}")
    return EXIT_SUCCESS
