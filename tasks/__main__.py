"""Run one step from the command line: `python -m tasks <step> --<path> FILE ... [--params SECTION]`.

A step is the function in `tasks/<step>.py` that bears the file's name. Its `Path` parameters are the options, and its
`params` parameter, where it has one, is read from a section of params.yaml.
"""

from __future__ import annotations

import argparse
import errno
import inspect
import os
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from retune.core import parts
from retune.core.errors import GateError, RetuneError, UnavailableError
from retune.core.params.base import Settings
from retune.io.files import write_json
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
        return _fail(given[0], error)
    except OSError as error:
        if error.errno not in FROM_THE_MACHINE:
            raise
        return _fail(given[0], _from_the_machine(error))
    return 0


FROM_THE_MACHINE = {
    errno.ENOSPC: "Free some space on this disk, then run again: nothing half-written was kept.",
    errno.EDQUOT: "Raise the quota or free some space, then run again: nothing half-written was kept.",
    errno.EFBIG: "Raise the limit on file sizes (ulimit -f), then run again.",
    errno.EACCES: "Give this user the right to write there, then run again.",
    errno.EROFS: "Make this disk writable, then run again.",
    errno.EMFILE: "Raise the limit on open files (ulimit -n), then run again.",
    errno.ENOENT: "Run the stages before this one first (retune repro does), or correct the path.",
    errno.ENOTDIR: "A file stands where a folder is needed: move it away, then run again.",
    errno.EEXIST: "A file stands where a folder is needed: move it away, then run again.",
    errno.EISDIR: "A folder stands where a file is to be written: move it away, then run again.",
}


def _from_the_machine(error: OSError) -> UnavailableError:
    """Return what the machine refused, where and what to do; a library's own words for it stay out."""
    name = error.filename2 or error.filename  # the second is the target of a rename
    place = f": {name}" if name else ""
    return UnavailableError(f"{os.strerror(error.errno or 0)}{place}. {FROM_THE_MACHINE[error.errno or 0]}")


def _fail(name: str, error: RetuneError) -> int:
    """Say the error, and leave it as JSON for the flow: DVC answers 255 whatever a stage's exit code was."""
    print(f"{name}: {error}", file=sys.stderr)
    if FAILURE_FILE in os.environ:
        reasons = error.reasons if isinstance(error, GateError) else []
        failure = {"exit_code": error.exit_code, "message": str(error), "reasons": reasons}
        write_json(Path(os.environ[FAILURE_FILE]), failure)
    return error.exit_code


FAILURE_FILE = "RETUNE_FAILURE_FILE"

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
