"""DVC, asked and told: its stages, what changed, and reproducing one of them.

DVC is not safe against a kill in its own metadata, and it refuses to work without git: `heal` mends both before use.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from retune.core.errors import EXIT_GATE, GateError, RetuneError, UserError
from retune.io.files import read_json, whole_file
from retune.io.ports import end_group

Say = Callable[[str], None]
LOCK_COPY = Path(".retune/dvc.lock.copy")
DVC_SAYS = re.compile(  # of its own doings, when all is well
    r"Running stage |> |(?:Updating|Generating) lock file|To track the changes|\s*git add |To enable auto staging"
    r"|\s*dvc config |Use `dvc push`|WARNING: .* is frozen|ERROR: failed to reproduce"
)
# A command and a watcher beside it, whose input ends when we do, even by SIGKILL: then it ends the whole group.
GUARD = 'exec 3<&0; { read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 & exec "$@" 3<&- </dev/null'


@dataclass(frozen=True)
class Stage:
    """One stage of dvc.yaml, with the templates resolved."""

    name: str
    command: str
    dependencies: tuple[str, ...]
    outs: tuple[str, ...]

    @property
    def step(self) -> str:
        """Return the name before the `@`."""
        return self.name.partition("@")[0]

    @property
    def model(self) -> str:
        """Return the model that the stage belongs to, or the empty string for the corpus."""
        return self.name.partition("@")[2]


class StageFailedError(RetuneError):
    """A stage ended with an error that the step did not explain: its last lines are all there is."""

    def __init__(self, stage: str, lines: list[str]) -> None:
        self.stage, self.lines = stage, lines
        super().__init__(f"stage {stage} failed:\n" + "\n".join(lines))


class StageError(RetuneError):
    """A stage ended with an error that its step explained, exit code included."""

    def __init__(self, message: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(message)


def environment() -> dict[str, str]:
    """Return the environment for a child process: this interpreter's tools first, telemetry off.

    Threads of a matrix product wait asleep: on a busy machine, waiting awake cost ten times the time. Warnings about
    what libraries will call otherwise one day are for us, not for the reader of a stage's lines.
    """
    tools = str(Path(sys.executable).parent)
    path = os.pathsep.join([tools, os.environ.get("PATH", "")])
    ours = {"PATH": path, "DVC_NO_ANALYTICS": "1", "PYTHONUNBUFFERED": "1"}
    return {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONWARNINGS": "ignore::FutureWarning", **os.environ, **ours}


def heal(root: Path) -> list[str]:
    """Mend what a killed DVC leaves behind, and return what was mended. Call it under the checkout's lock."""
    mended = [*_drop_torn_rwlock(root), *_drop_empty_run_cache(root), *_restore_torn_lock(root), *_settle_scm(root)]
    lock = root / "dvc.lock"
    if lock.exists():
        with whole_file(root / LOCK_COPY) as partial:
            shutil.copyfile(lock, partial)
    return mended


def _drop_torn_rwlock(root: Path) -> list[str]:
    """Remove DVC's table of locked paths when it is no JSON: its holder died while writing it."""
    table = root / ".dvc" / "tmp" / "rwlock"
    if not table.exists():
        return []
    try:
        json.loads(table.read_text(encoding="utf-8"))
    except ValueError:
        table.unlink()
        return [f"removed a torn {table.relative_to(root)}"]
    return []


def _drop_empty_run_cache(root: Path) -> list[str]:
    """Remove empty folders of the run cache: with one of them every later reproduction fails."""
    runs = root / ".dvc" / "cache" / "runs"
    empty = [folder for folder in runs.glob("*/*") if folder.is_dir() and not any(folder.iterdir())]
    for folder in empty:
        folder.rmdir()
    return [f"removed an empty {folder.relative_to(root)}" for folder in empty]


def _restore_torn_lock(root: Path) -> list[str]:
    """Put the last good dvc.lock back when a kill tore the present one."""
    lock, copy = root / "dvc.lock", root / LOCK_COPY
    if not lock.exists() or _is_whole_lock(lock):
        return []
    if copy.exists() and _is_whole_lock(copy):
        with whole_file(lock) as partial:
            shutil.copyfile(copy, partial)
        return ["restored dvc.lock from its copy"]
    lock.unlink()
    return ["removed a torn dvc.lock: the stages run again"]


def _is_whole_lock(lock: Path) -> bool:
    """Tell whether a lock file reads as one."""
    try:
        content = yaml.safe_load(lock.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return False
    return isinstance(content, dict) and isinstance(content.get("stages"), dict)


def _settle_scm(root: Path) -> list[str]:
    """Tell DVC whether there is a git: without one (a zip download) each of its commands stops."""
    local = root / ".dvc" / "config.local"
    has_git = any((folder / ".git").exists() for folder in [root, *root.parents])
    says_none = local.exists() and "no_scm" in local.read_text(encoding="utf-8")
    if has_git == says_none:
        _configure(root, ["--unset", "core.no_scm"] if has_git else ["core.no_scm", "true"])
        return ["told DVC that there is git again" if has_git else "told DVC that there is no git here"]
    return []


def _configure(root: Path, options: list[str]) -> None:
    """Set a value in DVC's local configuration, by hand where DVC cannot start for want of it."""
    local = root / ".dvc" / "config.local"
    lines = local.read_text(encoding="utf-8").splitlines() if local.exists() else []
    kept = [line for line in lines if "no_scm" not in line]
    if options[0] != "--unset":
        kept = [*kept, "[core]", "    no_scm = true"]
    with whole_file(local) as partial:
        partial.write_text("\n".join(kept) + "\n", encoding="utf-8")


def _repository(root: Path) -> Any:
    """Open the DVC repository; what is wrong with dvc.yaml is said as DVC says it."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        return Repo(str(root))
    except DvcException as error:
        raise UserError(
            expected=f"a DVC repository in {root}", found=str(error), todo="Run this in the checkout's root."
        ) from error


def stages(root: Path) -> list[Stage]:
    """Return the stages of dvc.yaml in the order in which they can run."""
    import networkx as nx
    from dvc.exceptions import DvcException

    repository = _repository(root)
    try:
        graph = repository.index.graph
    except DvcException as error:
        raise UserError(expected="a dvc.yaml that can be read", found=str(error), todo="Correct dvc.yaml.") from error
    ordered = nx.dfs_postorder_nodes(graph)
    return [
        Stage(
            name=stage.addressing,
            command=stage.cmd,
            dependencies=tuple(str(dependency.def_path) for dependency in stage.deps),
            outs=tuple(str(out.def_path) for out in stage.outs),
        )
        for stage in ordered
        if getattr(stage, "cmd", None)
    ]


def changes(root: Path, targets: Iterable[str] = ()) -> dict[str, list[Any]]:
    """Return what changed per stage since it last ran, as DVC tells it; nothing changed is an empty mapping."""
    import logging

    logging.getLogger("dvc").setLevel(logging.ERROR)  # the frozen import is warned about at each call
    status: dict[str, list[Any]] = _repository(root).status(targets=list(targets) or None)
    return status


def run(root: Path, arguments: list[str], say: Say, extra: dict[str, str] | None = None) -> tuple[int, list[str]]:
    """Run one DVC command, pass each line it prints to `say`, and return its exit code and lines.

    Neither DVC nor its stage outlives this process: it would write beside the next run.
    """
    lines: list[str] = []
    with subprocess.Popen(
        ["sh", "-c", GUARD, "sh", sys.executable, "-m", "dvc", "--wait-for-lock", *arguments],
        cwd=root,
        env=environment() | (extra or {}),
        text=True,
        errors="replace",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a group of its own, to be ended whole
    ) as process:
        try:
            for line in process.stdout or ():
                lines.append(line.rstrip())
                say(lines[-1])
            return process.wait(), lines
        finally:
            if process.poll() is None:
                end_group(process)


def reproduce(root: Path, stage: str, say: Say) -> None:
    """Reproduce one stage.

    Raises GateError where the stage is a gate that said no, StageError where its step explained what is wrong, and
    StageFailedError with the last lines of anything else.
    """
    failure = root / ".retune" / "failure.json"
    failure.unlink(missing_ok=True)
    arguments = ["repro", "--single-item", stage]  # --quiet would hide by which signal a stage was killed
    code, lines = run(root, arguments, _without_dvc(say), {"RETUNE_FAILURE_FILE": str(failure)})
    if code == 0:
        return
    if not failure.exists():
        raise StageFailedError(stage, [line for line in lines if line.strip()][-12:])
    told = read_json(failure)
    if told["exit_code"] == EXIT_GATE:
        raise GateError(stage, told["reasons"])
    raise StageError(told["message"], told["exit_code"])


def _without_dvc(say: Say) -> Say:
    """Return what passes on the lines of a stage, and not what DVC says between them."""

    def told(line: str) -> None:
        if not DVC_SAYS.match(line):
            say(line)

    return told


def command(root: Path, arguments: list[str], *, doing: str, say: Say) -> None:
    """Run a DVC command that must succeed; raises UserError with what DVC printed."""
    code, lines = run(root, arguments, say)
    if code != 0:
        raise UserError(
            expected=doing,
            found=" ".join(line for line in lines[-6:] if line) or f"exit code {code} from DVC",
            todo="Check the source in data.dvc and its credentials, then run again.",
        )
