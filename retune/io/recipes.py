"""The recipes of a checkout, and params.yaml with a model that is made by one."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import yaml

from retune.core import recipes
from retune.core.errors import UserError
from retune.io.files import write_text

FOLDER, COMMON = "recipes", "_common.yaml"
PARAMS = "params.yaml"


def titles(root: Path) -> dict[str, str]:
    """Return what each recipe is for, by its name."""
    found = sorted((root / FOLDER).glob("[!_]*.yaml"))
    return {path.stem: recipes.title(path.read_text(encoding="utf-8")) for path in found}


def section(root: Path, recipe: str, model: str) -> str:
    """Return a model's section of params.yaml by a recipe; an unknown one raises UserError that lists the known."""
    known = list(titles(root))
    if recipe not in known:
        close = get_close_matches(recipe, known, n=1)
        todo = f"Did you mean {close[0]}?" if close else "Take one of these."
        raise UserError(expected=f"one of the recipes: {', '.join(known)}", found=repr(recipe), todo=todo)
    own, common = ((root / FOLDER / name).read_text(encoding="utf-8") for name in (f"{recipe}.yaml", COMMON))
    return recipes.section(model, own, common)


def with_model(root: Path, recipe: str, model: str) -> str:
    """Return params.yaml with that model; UserError where it has one of that name."""
    text = (root / PARAMS).read_text(encoding="utf-8")
    if model in yaml.safe_load(text).get("models", {}):
        raise UserError(expected=f"no model {model} in {PARAMS} yet", found="there is one", todo="Name another.")
    return recipes.inserted(text, section(root, recipe, model))


def write(root: Path, text: str) -> None:
    """Write params.yaml whole."""
    write_text(root / PARAMS, text)
