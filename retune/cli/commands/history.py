"""`retune history`: every decision on a model, or which version was champion at a time, from MLflow alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retune.cli.options import AsJson, ModelName, print_json
from retune.core.errors import EXIT_SUCCESS, UserError

if TYPE_CHECKING:
    from retune.io.registry import Decision

PANEL = "Answer for it"


def main(
    model: ModelName = "",
    at: Annotated[
        str, typer.Option("--at", metavar="DATE", help="Which version was champion then: 2026-11-22, or with a time.")
    ] = "",
    as_json: AsJson = False,
) -> int:
    """Who made which version the champion, when and why; with --at, which version was champion at a time."""
    from retune.cli.models import the_model
    from retune.io.mlflow_store import default_uri
    from retune.io.registry import Registry
    from retune.project import read_project

    root = Path.cwd()
    name = the_model(root, model)
    made = Registry(default_uri(root), name, read_project(root).tracking.experiment).decisions()
    if at:
        return _at(name, at, made, as_json=as_json)
    if as_json:
        print_json([_page(one) for one in made])
        return EXIT_SUCCESS
    for one in made:
        print(f"{_when(one)}  {_line(one)}")
    if not made:
        print(f"{name}: nothing was decided yet")
    return EXIT_SUCCESS


def _at(name: str, at: str, made: list[Decision], *, as_json: bool) -> int:
    """Say which version was champion at a time."""
    from retune.core.history import champion_at, moment_of
    from retune.io.registry import MOVES

    try:
        moment = moment_of(at)
    except ValueError as error:
        raise UserError(expected="a date such as 2026-11-22", found=at, todo="Correct --at.") from error
    found = champion_at([one for one in made if one.outcome in MOVES], moment)
    found = found if found is not None and found.after else None  # a deletion may have left no champion
    if as_json:
        print_json({"model": name, "at": moment.isoformat(), "champion": _page(found) if found else None})
    elif found is None:
        print(f"{name}: there was no champion at {moment:%Y-%m-%d %H:%M} UTC")
    else:
        print(f"{name}: at {moment:%Y-%m-%d %H:%M} UTC the champion was version {found.after}, since {_when(found)}")
        print(f"  {_line(found)}")
    return EXIT_SUCCESS


def _line(one: Decision) -> str:
    """Return what a decision was, in one line."""
    from retune.io.registry import MOVES

    forced, before = " (forced)" if one.is_forced else "", one.before or "none"
    moved = f"{before} to {one.after or 'none'}" if one.outcome in MOVES else f"{one.after}; champion {before} stays"
    return f"{one.outcome}{forced}: version {moved}, by {one.who}: {one.why}"


def _when(one: Decision) -> str:
    """Return when a decision was made, in UTC."""
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(one.started / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _page(one: Decision) -> dict[str, Any]:
    """Return a decision as a program reads it."""
    from dataclasses import asdict

    return {key: value for key, value in asdict(one).items() if key != "details"} | {"when": f"{_when(one)}Z"}
