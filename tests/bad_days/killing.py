"""Kill stages at chosen changes to the disk, run them again, and say what came of it.

A process of its own imports what the steps need, then forks for each run: a child with the kill switch is a process
that dies by SIGKILL just before its N-th change (a folder made, a name changed or removed), or just after it where that
is a file opened for writing: a new one is there and empty, one opened for appending is as it was.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import CHECKOUT
from tests.stages import MODEL, run_here

CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
STATE = Path(".retune")
HEAVY = {
    "validate": ["great_expectations"],
    "examples": ["great_expectations"],
    "train": ["torch", "transformers", "peft"],
    "evaluate": ["torch", "transformers", "peft", "sklearn.linear_model", "matplotlib.pyplot"],
    "profile": ["torch", "transformers", "py3langid"],
}


def outs_of(stage: str) -> list[Path]:
    """Return what a stage publishes; what DVC does not keep (`cache: false`) may differ from run to run."""
    declared = yaml.safe_load((CHECKOUT / "dvc.yaml").read_text(encoding="utf-8"))["stages"][stage]
    outs = [out if isinstance(out, dict) else {out: {}} for out in declared.get("do", declared)["outs"]]
    kept = [name for out in outs for name, options in out.items() if options.get("cache", True)]
    return [Path(name.replace("${key}", MODEL)) for name in kept]


def digests(paths: list[Path]) -> dict[str, str]:
    """Return the sha256 of every file at or under the paths; one that is not there is left out."""
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*")))]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}


def changes_something(event: str, given: tuple[Any, ...]) -> bool:
    """Tell whether an audit event is a change to the disk."""
    return event in CHANGES or (event == "open" and bool((given[2] or 0) & WRITING))


def is_under(root: str, given: Any) -> bool:
    """Tell whether a path lies in the outputs or the cache; a bare name comes from the removal of a folder there."""
    if not isinstance(given, str | bytes | os.PathLike):
        return False
    name = os.fsdecode(given)
    places = (f"{root}/artifacts/", f"{root}/{STATE}", "artifacts/", f"{STATE}")
    return os.sep not in name or name.startswith(places)


def arm(kill_at: int, root: str, report: int) -> None:
    """Count this process's changes under the folder, and die just before one of them; 0 only counts."""
    done, me = [0], os.getpid()

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if os.getpid() == me and changes_something(event, given) and is_under(root, given[0]):
            done[0] += 1
            if kill_at == 0:
                os.pwrite(report, f"{done[0]:8d}".encode(), 0)
            elif done[0] == kill_at:
                if event == "open":
                    with suppress(OSError):
                        os.open(given[0], given[2])
                os.kill(me, signal.SIGKILL)

    sys.addaudithook(hook)


def run_forked(stage: str, kill_at: int | None, report: int) -> int:
    """Run a stage in a child and return its exit code, or minus the signal that ended it."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            if kill_at is not None:
                arm(kill_at, str(Path.cwd()), report)
            code = run_here(stage)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def forget(stage: str) -> None:
    """Remove what the stage wrote, and the cache."""
    for path in {out.parent for out in outs_of(stage)}:
        shutil.rmtree(path, ignore_errors=True)
        path.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(STATE, ignore_errors=True)


def spread(changes: int, points: int) -> list[int]:
    """Return that many of the changes, evenly from the first to the last."""
    if points < 2:
        return [changes] if points else []
    return sorted({1 + round(place * (changes - 1) / (points - 1)) for place in range(points)})


def try_stage(stage: str, points: int) -> dict[str, Any]:
    """Run a stage undisturbed, then kill it at that many points; each kill is followed by one plain run."""
    for module in HEAVY.get(stage, []):
        importlib.import_module(module)
    counter = os.memfd_create("changes")
    forget(stage)
    code = run_forked(stage, 0, counter)
    wanted, changes = digests(outs_of(stage)), int(os.pread(counter, 8, 0) or 0)
    found: dict[str, Any] = {"exit_code": code, "changes": changes, "files": len(wanted), "kills": []}
    for point in spread(changes, points):
        forget(stage)
        died = run_forked(stage, point, counter)
        left = digests(outs_of(stage))
        torn = [name for name, sha256 in left.items() if wanted.get(name) != sha256]
        again = run_forked(stage, None, counter)
        litter = [str(path) for path in Path("artifacts").rglob("*.partial*")]
        is_same = digests(outs_of(stage)) == wanted
        kill = {"at": point, "ended": died, "torn": torn, "exit_code": again, "same": is_same, "litter": litter}
        found["kills"].append(kill)
    return found


if __name__ == "__main__":
    asked: dict[str, int] = json.loads(sys.argv[1])
    results = {name: try_stage(name, number) for name, number in asked.items()}
    Path("results.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
