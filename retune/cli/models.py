"""Which model a command is about: the one that is named, else the only one there is."""

from __future__ import annotations

from pathlib import Path

from retune.core.errors import UserError
from retune.project import chosen, read_project


def the_model(root: Path, name: str) -> str:
    """Return the model's name; raises UserError where none is named and there are several."""
    models = chosen(read_project(root), [name] if name else [])
    if len(models) != 1:
        raise UserError(
            expected="one model", found=f"{len(models)}: {', '.join(sorted(models))}", todo="Name it: --model NAME."
        )
    return next(iter(models))
