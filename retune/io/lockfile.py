"""What DVC knows of a stage: recorded in dvc.lock after it ran, or as it would be recorded if it ran now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retune.core.errors import UserError
from retune.core.fingerprint import hash_of
from retune.io.settings import read_yaml

LINEAGE = ("data.dvc", "collected.dvc", "dvc.lock", "params.yaml")  # what repeats a run, logged with each

Entry = dict[str, Any]


def recorded(root: Path, stage: str) -> Entry:
    """Return the stage's entry in dvc.lock; raises UserError where it has none."""
    lock = root / "dvc.lock"
    stages = read_yaml(lock).get("stages", {}) if lock.exists() else {}
    if stage not in stages:
        todo = f"Run it: `make pipeline`, or `dvc repro {stage}`."
        raise UserError(expected=f"the stage {stage} in dvc.lock", found="no such entry", todo=todo)
    entry: Entry = stages[stage]
    return entry


def planned(root: Path, stage: str) -> Entry:
    """Return the entry that the stage would get if it ran now: command, settings and the hashes of what it reads."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.stage.serialize import to_single_stage_lockfile

    try:
        with Repo(str(root)) as repository:
            found = next(iter(repository.stage.collect(stage)))
            found.save_deps()
            entry: Entry = to_single_stage_lockfile(found)
    except DvcException as error:
        todo = "Run the stages before it: `make pipeline`, or `dvc repro`."
        raise UserError(expected=f"all that {stage} reads", found=str(error), todo=todo) from error
    return entry


def hashes(entries: list[Entry]) -> dict[str, str]:
    """Return path and hash of dependencies or outs."""
    return {str(entry["path"]): hash_of(entry) for entry in entries}


def data_hash(root: Path, tracked: str = "data.dvc") -> str:
    """Return the hash that a .dvc file records, by default the documents', empty where there is no such file."""
    file = root / tracked
    outs = read_yaml(file).get("outs", []) if file.exists() else []
    return hash_of(outs[0]) if outs else ""
