"""`retune doctor`: everything that a run needs, asked within a minute and before anything costs money."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from retune.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from retune.core.checkup import Examined

PANEL = "Look"
COLOURS = {"well": "green", "warning": "yellow", "fault": "bold red", "unreachable": "bold red"}


def main(as_json: AsJson = False) -> int:
    """Says whether all is there that a run needs: servers, credentials, disk, names, code, documents.

    Ends with 1 where a server does not answer, and with 2 where something is wrongly set or lacking.
    """
    from dataclasses import asdict

    from retune.core.checkup import exit_code
    from retune.project import read_project
    from tasks.doctor import doctor

    root = Path.cwd()
    examined = doctor(root=root, project=read_project(root))
    if as_json:
        print_json([{"check": one.check, **asdict(one.finding)} for one in examined])
    else:
        _show(examined)
    return exit_code(examined)


def _show(examined: list[Examined]) -> None:
    """Print a line per finding, and below it what to do."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    for one in examined:
        colour, name = COLOURS[one.finding.condition], one.check.replace("_", " ")
        console.print(f"[{colour}]{one.finding.condition:12}[/]{name:16}{escape(one.finding.found)}")
        if one.finding.todo:
            console.print(f"{'':28}{escape(one.finding.todo)}")
