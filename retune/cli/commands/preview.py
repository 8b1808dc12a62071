"""`retune preview`: what a model will be trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from retune.cli.options import AsJson, ModelName, print_json
from retune.core.errors import EXIT_SUCCESS

PANEL = "Look"
MOST_LABELS = 20
LONGEST_PIECE = 1200  # characters on the screen


def main(
    model: ModelName = "",
    rows: Annotated[int, typer.Option("--rows", min=0, help="How many examples are shown.")] = 3,
    as_json: AsJson = False,
) -> int:
    """Shows training examples as the model reads them, what of them is learnt in colour, lengths and labels."""
    from retune.cli.models import the_model
    from retune.project import read_project
    from tasks.preview import preview

    root = Path.cwd()
    name = the_model(root, model)
    found = preview(root=root, model=name, params=read_project(root).models[name], shown=rows)
    if as_json:
        print_json(found)
    else:
        typer.echo("\n".join([*facts(found), *shown(found["examples"])]))
    return EXIT_SUCCESS


def facts(found: dict[str, Any]) -> list[str]:
    """Return the figures as a person reads them."""
    sides = ", ".join(f"{count} {side}" for side, count in found["rows"].items())
    lengths = ", ".join(f"{name} {found['lengths'][name]:g}" for name in ("median", "p95", "max"))
    longer = "and are read in windows" if found["read_in_windows"] else "and are cut"
    tokens, learnt = found["tokens"], ""
    if "learnt" in tokens:
        learnt = f", {tokens['learnt']} of them learnt ({_share(tokens['learnt'], tokens['all'])})"
    told = [
        f"{found['model']}: {found['task_type']}, rows: {sides}",
        f"tokens of a row: {lengths}; {tokens['all']} in an epoch{learnt}",
        f"{found['longer']} rows ({found['longer_share']:.1%}) are longer than {found['max_length']} tokens {longer}",
    ]
    return [*told, *labels(found["labels"]), *(faults(found["faults"]))]


def labels(counts: dict[str, int]) -> list[str]:
    """Return the distribution of the labels, the commonest first."""
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"  {count:7}  {_share(count, sum(counts.values())):>6}  {label}" for label, count in common[:MOST_LABELS]]
    return [*lines, *[f"  and {len(common) - MOST_LABELS} more"] * (len(common) > MOST_LABELS)]


def faults(found: list[dict[str, Any]]) -> list[str]:
    """Return what is wrong with template and rows."""
    colours = {True: typer.colors.RED, False: typer.colors.YELLOW}
    return [
        typer.style(f"{'error' if one['is_fatal'] else 'warning'}: {one['name']}: {one['message']}",
                    fg=colours[one["is_fatal"]])
        for one in found
    ]  # fmt: skip


def shown(examples: list[list[tuple[str, bool]]]) -> list[str]:
    """Return examples with what is learnt in green, and in brackets, for eyes and files that know no colour."""
    lines = []
    for number, pieces in enumerate(examples, 1):
        text = "".join(
            typer.style(f"[[{_short(piece)}]]", fg=typer.colors.GREEN) if learnt else _short(piece)
            for piece, learnt in pieces
        )
        lines += ["", typer.style(f"--- example {number}", dim=True), text]
    return lines


def _short(piece: str) -> str:
    """Return a piece of text that fits on a screen: its beginning and its end."""
    half = LONGEST_PIECE // 2
    return piece if len(piece) <= LONGEST_PIECE else f"{piece[:half]} … {piece[-half:]}"


def _share(part: int, whole: int) -> str:
    """Return a share in percent."""
    return f"{part / whole:.1%}" if whole else "none"
