"""`retune recipe`: complete settings of a model for each kind of task, to start from."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from retune.cli.options import AsJson, print_json
from retune.core.errors import EXIT_SUCCESS

PANEL = "Run"


def main(
    recipe: Annotated[str, typer.Argument(metavar="[NAME]", help="A recipe; without one, all are listed.")] = "",
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="What the model is called; by default as the recipe.")
    ] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Put the section into params.yaml, at the end of models.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Lists the recipes, or prints a model's section of params.yaml by one, or puts it there."""
    from retune.io import recipes

    root = Path.cwd()
    if not recipe:
        return _list(recipes.titles(root), as_json=as_json)
    name = model or recipe.replace("_", "-")
    made, text = recipes.section(root, recipe, name), recipes.with_model(root, recipe, name)
    _check(text)
    if write:
        recipes.write(root, text)
    if as_json:
        print_json({"model": name, "section": made, "written": write})
    else:
        print(f"params.yaml has the model {name} now; its comments say which table it reads." if write else made)
    return EXIT_SUCCESS


def _list(titles: dict[str, str], *, as_json: bool) -> int:
    """Print what each recipe is for."""
    if as_json:
        print_json(titles)
        return EXIT_SUCCESS
    width = max(map(len, titles), default=0)
    print("\n".join(f"{name:{width}}  {title}" for name, title in titles.items()))
    return EXIT_SUCCESS


def _check(text: str) -> None:
    """Raise UserError for a params.yaml that no command would take, such as a model of an impossible name."""
    from retune.project import PARAMS, read_project

    with tempfile.TemporaryDirectory(prefix="retune-recipe-") as place:
        (Path(place) / PARAMS).write_text(text, encoding="utf-8")
        read_project(Path(place))
