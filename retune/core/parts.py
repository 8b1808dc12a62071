"""Parts are found, not listed: one file in one folder is one part, and its name is the file's."""

from __future__ import annotations

import importlib
import pkgutil
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from retune.core.errors import UserError


def names(package: str) -> list[str]:
    """Return the names of all parts in a package such as `retune.core.formats`, sorted."""
    path = importlib.import_module(package).__path__
    return sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_"))


def find(package: str, name: str) -> ModuleType:
    """Return one part; an unknown name raises UserError that lists the known ones."""
    known = names(package)
    if name not in known:
        kind = package.rsplit(".", 1)[-1].replace("_", " ")
        close = get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise UserError(
            expected=f"one of the {kind}: {', '.join(known) or 'none'}",
            found=repr(name),
            todo=f"{hint}Correct params.yaml, or add the file {package.replace('.', '/')}/{name}.py.",
        )
    return importlib.import_module(f"{package}.{name}")


def at(path: Path) -> ModuleType:
    """Return the part in a file such as `retune/core/builders/table.py`; a missing file raises UserError.

    Steps take their parts by path, so that DVC depends on the model's own parts and no others.
    """
    return find(".".join(path.parent.parts), path.stem)


def load_all(package: str) -> dict[str, ModuleType]:
    """Return every part of a package by name, in the order of their names."""
    return {name: importlib.import_module(f"{package}.{name}") for name in names(package)}
