"""Kill deletions at chosen points and finish them; what is left is told for each: see test_forget_kills.py.

A process of its own imports what a deletion needs, then forks for each: the child dies by SIGKILL before a step, or in
the middle of one, before the N-th file that it removes or renames.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from retune.core.forget import Request
from retune.io import logged_model
from retune.io.mlflow_store import default_uri
from retune.io.registry import Registry
from retune.modeling.reload import compared
from tasks.forget import STEPS, forget
from tests.tasks.estate import ADDRESS
from tests.toy_checkout import MODEL

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CHANGES = ("os.remove", "os.rename", "shutil.rmtree")


def erase(root: Path, kill_at: str, change: int) -> None:
    """Erase the person; die before a step, or at its N-th change to the disk."""
    armed, changes, me = [False], [0], os.getpid()

    def hook(event: str, _given: tuple[Any, ...]) -> None:
        if armed[0] and event in CHANGES and os.getpid() == me:
            changes[0] += 1
            if changes[0] == change:
                os.kill(me, signal.SIGKILL)

    def say(line: str) -> None:
        armed[0] = line == f"forget: {kill_at}"
        if armed[0] and not change:
            os.kill(me, signal.SIGKILL)

    sys.addaudithook(hook)
    forget(root=root, request=Request(persons=(ADDRESS,)), reason="on request", now=NOW, say=say)


def forked(work: Any) -> int:
    """Do something in a child and return its exit code, or minus the signal that ended it."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def state(root: Path) -> dict[str, str]:
    """Return what there is, but for databases and clocks: files by their bytes, tables by their rows."""
    found: dict[str, str] = {}
    for path in sorted(root.parent.rglob("*")):
        name = path.relative_to(root.parent).as_posix()
        if not path.is_file() or path.suffix in (".db", ".sqlite") or _is_of_the_moment(name):
            continue
        content = path.read_bytes()
        if content.startswith(b"PAR1"):
            content = json.dumps(pq.read_table(path).to_pylist(), default=str).encode()
        found[name] = hashlib.sha256(content).hexdigest()
    return found


def _is_of_the_moment(name: str) -> bool:
    """Tell whether a file may differ between two runs that end alike: what DVC keeps for itself, runs in MLflow."""
    own = ("checkout/.dvc/tmp", "checkout/.dvc/config", "state/", "checkout/.retune", "checkout/receipts")
    inside = (f"{NOW:%Y%m%dT}", "dvc")
    return name.startswith(own) or name.endswith((".lock", "decision.json")) or any(part in name for part in inside)


def try_points(points: list[tuple[str, int]]) -> dict[str, Any]:
    """Erase undisturbed, then once for each point with a kill there, each finished by one plain run."""
    root, copy = Path.cwd(), Path.cwd().parent.with_name("copy")
    shutil.copytree(root.parent, copy, symlinks=True)
    found: dict[str, Any] = {"exit_code": forked(lambda: erase(root, "", 0)), "kills": []}
    wanted = state(root)
    for step, change in points:
        _restore(root.parent, copy)
        os.chdir(root)  # the folder is another one of the same name now
        died = forked(lambda step=step, change=change: erase(root, step, change))
        told = {"at": [step, change], "ended": died, "untouched": _is_untouched(root.parent, copy)}
        told["tombstones"] = len((root / "tombstones.csv").read_text().splitlines()) - 1
        told["exit_code"] = forked(lambda: erase(root, "", 0))
        now = state(root)
        told["differing"] = sorted(name for name in {*now, *wanted} if now.get(name) != wanted.get(name))
        told["receipts"] = len(list((root / "receipts").glob("*.json")))
        told["pending"] = len(list((root / ".retune/erasure").glob("*.json")))
        forked(lambda: (root / "aliases.json").write_text(json.dumps(Registry(default_uri(root), MODEL).aliases())))
        told["aliases"] = json.loads((root / "aliases.json").read_text())
        found["kills"].append(told)
    return found


def _restore(root: Path, copy: Path) -> None:
    """Put everything back as it was before the first deletion."""
    for path in root.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    shutil.copytree(copy, root, symlinks=True, dirs_exist_ok=True)


def _is_untouched(root: Path, copy: Path) -> bool:
    """Tell whether data, cache and remote are as they were."""
    places = ("checkout/data", "checkout/.dvc/cache", "remote", "checkout/artifacts")
    return all(_names(root / place) == _names(copy / place) for place in places)


def _names(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path.relative_to(folder)), path.stat().st_size) for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    logged_model.check_reload = compared  # a fresh process for it costs ten seconds, and is held elsewhere
    asked = json.loads(sys.argv[1]) or [[step, 0] for step in STEPS]
    Path("results.json").write_text(json.dumps(try_points([(step, change) for step, change in asked])))
