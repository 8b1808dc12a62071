"""Start the processes that train one model together, by torchrun, and say what ended them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from retune.core.errors import RetuneError, UnavailableError, UserError
from retune.io.files import read_json, write_json
from retune.io.ports import stop_with_parent

TORCHRUN = "RETUNE_TORCHRUN"  # options of torchrun in place of ours, such as --nnodes for several hosts
ORDER, FAILURE = "order.json", "failure.json"  # in the folder of the training: what is asked, and how it failed
AGAIN = "parts"  # written by a process that ran out of memory: with more parts, the training is begun again


class ProcessError(RetuneError):
    """What one of the processes said at its end, with its exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def is_due(processes: int) -> bool:
    """Say whether processes are to be started; UserError where others than asked were started already."""
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started not in (1, processes):
        todo = "Set train.processes to the number of all processes of all hosts."
        raise UserError(expected=f"{processes} processes, as train.processes says", found=f"{started}", todo=todo)
    return started < processes


def launch(module: str, order: dict[str, Any], work: Path, processes: int) -> None:
    """Run `python -m module ORDER` in so many processes; raises what the first of them that failed had raised.

    They end with this process. Where memory ended in one of them, all begin again from the newest checkpoint.
    """
    write_json(work / ORDER, order)
    (work / AGAIN).unlink(missing_ok=True)
    while True:
        parts = _read(work / AGAIN)
        (work / FAILURE).unlink(missing_ok=True)
        command = [sys.executable, "-m", "torch.distributed.run", *_options(processes), "-m", module, str(work / ORDER)]
        print(f"train: {shlex.join(command)}", file=sys.stderr, flush=True)
        env = {"OMP_NUM_THREADS": "1", **os.environ, "TORCHELASTIC_ERROR_FILE": os.devnull}
        code = subprocess.call(command, env=env, preexec_fn=stop_with_parent)  # one system call
        if code == 0:
            return
        if _read(work / AGAIN) == parts:
            raise _failure(work / FAILURE, code)


def joined(path: Path, work: Callable[[dict[str, Any]], None]) -> int:
    """Do the work of one of the processes; return its exit code, and leave what it raised beside its order."""
    stop_with_parent()
    try:
        work(read_json(path))
    except RetuneError as error:
        print(f"train: {error}", file=sys.stderr, flush=True)
        write_json(path.with_name(FAILURE), {"message": str(error), "exit_code": error.exit_code})
        return error.exit_code
    return 0


def _options(processes: int) -> list[str]:
    """Return the options of torchrun."""
    given = os.environ.get(TORCHRUN)
    return shlex.split(given) if given else ["--standalone", f"--nproc-per-node={processes}"]


def _failure(path: Path, code: int) -> RetuneError:
    """Return the error that a process left, else one that says how torchrun ended."""
    if not path.exists():
        return UnavailableError(f"a process of the training ended (torchrun: {code}); run again: it goes on")
    found = read_json(path)
    return ProcessError(found["message"], found["exit_code"])


def _read(path: Path) -> str:
    """Return the text of a file, nothing where there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else ""
