"""Run one step from the command line: `python -m tasks <step> --<path> FILE ... [--params SECTION]`.

A step is the function in `tasks/<step>.py` that bears the file's name. Its `Path` parameters are the options, and its
`params` parameter, where it has one, is read from a section of params.yaml.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from retune.core import parts
from retune.core.errors import RetuneError
from retune.core.params.base import Settings
from retune.io.settings import read_section

Step = Callable[..., None]


def step_named(name: str) -> Step:
    """Return the step of that name; an unknown one raises UserError that lists the known ones."""
    step: Step = getattr(parts.find("tasks", name), name)
    return step


def paths_of(step: Step) -> list[str]:
    """Return the names of the step's path parameters, in order."""
    return [name for name in inspect.signature(step).parameters if name != "params"]


def settings_of(step: Step) -> type[Settings] | None:
    """Return the class of the step's settings, or None where it takes none."""
    return typing.get_type_hints(step).get("params")


def arguments(name: str, step: Step, given: list[str]) -> dict[str, Any]:
    """Turn the options into the step's arguments."""
    parser = argparse.ArgumentParser(prog=f"python -m tasks {name}", description=step.__doc__, allow_abbrev=False)
    for path in paths_of(step):
        parser.add_argument(f"--{path.replace('_', '-')}", dest=path, type=Path, required=True)
    settings = settings_of(step)
    if settings is not None:
        parser.add_argument("--params", required=True, metavar="SECTION", help="section of params.yaml")
    values = vars(parser.parse_args(given))
    if settings is not None:
        values["params"] = read_section(Path("params.yaml"), values["params"], settings)
    return values


def main(given: list[str]) -> int:
    """Run the step and return its exit code."""
    if not given or given[0].startswith("-"):
        print(f"usage: python -m tasks STEP [options]\nsteps: {', '.join(parts.names('tasks'))}")
        return 0 if given[:1] in (["-h"], ["--help"]) else 2
    try:
        step = step_named(given[0])
        step(**arguments(given[0], step, given[1:]))
    except RetuneError as error:
        print(f"{given[0]}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
