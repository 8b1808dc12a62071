"""A fresh checkout beside this one with what a version was trained from: code, settings, pins and documents."""

from __future__ import annotations

import configparser
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from retune.core import reproduction
from retune.core.errors import UserError
from retune.core.fingerprint import hash_of
from retune.core.reproduction import Stages
from retune.io import answers, cache, dvc, lockfile, revisions, source, tombstones
from retune.io.files import md5_file
from retune.io.settings import read_yaml
from retune.io.tracking import Tracking

CODE = ("retune/", "tasks/")
LOCK = "dvc.lock"
COPIED = ("retune", "tasks", "dvc.yaml", ".dvcignore", "requirements.lock")  # where no commit holds the code
TRACKED = ("data", "collected")  # folders that DVC brings back
PINNED = {
    "base.json": "artifacts/models/{model}/resolve/base.json",
    "events.jsonl": "artifacts/models/{model}/resolve/hosted/events.jsonl",  # of a model that a service tuned
    "tombstones.csv": "tombstones.csv",
}
SHOWN = 10


@dataclass(frozen=True)
class Recipe:
    """What the run of a version recorded of its training; `folder` holds its files."""

    model: str
    folder: Path
    stages: Stages  # of its dvc.lock, those up to the evaluation
    commit: str  # empty where none was recorded

    @property
    def inputs(self) -> dict[str, str]:
        """Return path and hash of what the stages read and do not write."""
        return reproduction.inputs(self.stages, self.stages)

    @property
    def code(self) -> dict[str, str]:
        """Return path and hash of the code among the inputs."""
        return {path: md5 for path, md5 in self.inputs.items() if path.startswith(CODE)}


def checkouts() -> Path:
    """Return the folder of the checkouts in which versions are made again; each has its documents."""
    return cache.state() / "reproductions"


def recipe(tracking: Tracking, run_id: str, model: str, folder: Path) -> Recipe:
    """Fetch what a run recorded of its training; raises UserError where it did not."""
    for name in ("lineage", "evaluation", "rows/predictions.parquet", "rows/behaviour"):
        tracking.fetch(run_id, name, folder)
    lock, target = folder / "lineage" / LOCK, f"evaluate@{model}"
    stages: Stages = read_yaml(lock).get("stages", {}) if lock.exists() else {}
    if target not in stages:
        found = f"no {target} in lineage/{LOCK} of run {run_id}"
        raise UserError(expected="what the version was trained from", found=found, todo="Choose a later version.")
    names = reproduction.needed(stages, target)
    commit = str(tracking.client.get_run(run_id).data.tags.get(revisions.COMMIT, ""))
    return Recipe(model, folder, {name: stages[name] for name in names}, commit)


def lay_out(root: Path, made: Recipe, folder: Path) -> str:
    """Write the code of the training into a folder and return its commit, empty where the files here are the code.

    Raises UserError where neither a commit nor the checkout as it lies there holds it.
    """
    commit = revisions.holding(root, made.code, made.commit)
    if commit:
        revisions.write_out(root, commit, folder)
        (folder / LOCK).unlink(missing_ok=True)  # of that commit: with one DVC takes outs from its cache
        return commit
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (root / name).exists():
            shutil.copyfile(root / name, folder / name)
    other = differing(folder, made.code)
    if other:
        raise UserError(
            expected=f"the code of the training, of commit {made.commit or '(none was recorded)'}",
            found=f"no commit that holds it; here {len(other)} files are others: {_some(other)}",
            todo="Fetch the commit (git fetch --all). Code that was never committed cannot be brought back.",
        )
    return ""


def restore(root: Path, made: Recipe, folder: Path, say: dvc.Say) -> None:
    """Write settings and pins into a folder that has the code, and bring the documents back from DVC's cache or remote.

    Raises UserError where a document version is nowhere any more, or an input is not the recorded one.
    """
    kept = made.folder / "lineage"
    places = {name: name for name in lockfile.LINEAGE if name != LOCK}
    for name, place in {**places, **PINNED}.items():
        if (kept / name).exists():
            _place(kept / name, folder / place.format(model=made.model))
    behaviour = made.folder / "rows" / "behaviour" / f"{made.model}.yaml"
    if behaviour.exists():
        _place(behaviour, folder / "behaviour" / behaviour.name)
    _configure(root, folder)
    for name in TRACKED:
        if (folder / f"{name}.dvc").exists():
            _bring_back(root, folder, name, say)
    answers.ensure(answers.path_of(folder, made.model))
    for path in differing(folder, made.inputs):  # what the run did not keep, the checkout may still have as it was
        if (root / path).is_file() and _hash(root / path) == made.inputs[path]:
            _place(root / path, folder / path)


def check(made: Recipe, folder: Path) -> None:
    """Raise UserError where something that the stages read is not what they read then."""
    other = differing(folder, made.inputs)
    if other:
        todo = "Bring back the recorded files: the version cannot be reproduced without them."
        raise UserError(expected="the inputs of the training", found=f"others: {_some(other)}", todo=todo)


def differing(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Return the paths (files or folders) that are not there or whose hash is not the wanted one."""
    return sorted(path for path, md5 in wanted.items() if _hash(folder / path) != md5)


def uncached(folder: Path, made: Recipe) -> list[str]:
    """Return the outs of the stages that DVC does not keep: they hold times of the clock."""
    declared = read_yaml(folder / "dvc.yaml")["stages"]
    found: list[str] = []
    for stage in (declared[name] for name in {name.partition("@")[0] for name in made.stages} & set(declared)):
        for out in stage.get("do", stage).get("outs", []):
            plain = (
                [path for path, options in out.items() if options.get("cache") is False]
                if isinstance(out, dict)
                else []
            )
            found += [path.replace("${key}", made.model) for path in plain]
    return found


def installed() -> dict[str, str]:
    """Return name and version of every installed package."""
    return {one.metadata["Name"].lower().replace("_", "-"): one.version for one in distributions()}


def _bring_back(root: Path, folder: Path, name: str, say: dvc.Say) -> None:
    """Check a tracked folder out of DVC's cache, else pull it; raises UserError where it is nowhere or another."""
    out = read_yaml(folder / f"{name}.dvc")["outs"][0]
    code, lines = dvc.run(folder, ["checkout", f"{name}.dvc"], _silent)
    if code != 0:
        say(f"{name}/ is not in DVC's cache: pulling it")
        code, lines = dvc.run(folder, ["pull", f"{name}.dvc"], _silent)
    if code != 0 or _hash(folder / name) != hash_of(out):
        raise UserError(
            expected=f"{name}/ as it was, {hash_of(out)} in DVC",
            found=" ".join(line for line in lines[-3:] if line) or "other files",
            todo=f"It is neither in DVC's cache nor in its remote{_todo_without(root)}",
        )


def _todo_without(root: Path) -> str:
    """Say what to do about documents that are gone: where some were erased, to fetch these would undo it."""
    stones = tombstones.path_of(root)
    if stones.exists() and any(one.erased for one in tombstones.read(stones)):
        return (
            ". Documents were deleted on request here (tombstones.csv): a version whose data held one cannot be made "
            "again, and must not be; do not fetch its data from elsewhere."
        )
    return ": fetch it from another checkout (dvc push there)."


def _configure(root: Path, folder: Path) -> None:
    """Give the folder DVC's settings of the checkout, its cache to read from, and no git."""
    config = configparser.ConfigParser()
    config.read([root / ".dvc" / name for name in ("config", "config.local")], encoding="utf-8")
    for section in config.sections():
        url = config[section].get("url", "")
        if section.startswith("'remote") and url and "://" not in url:
            config[section]["url"] = str((root / ".dvc" / url).resolve())
    settings: dict[str, dict[str, Any]] = {
        "core": {"no_scm": "true"},
        "cache": {"dir": str(root.resolve() / ".dvc" / "cache")},
    }
    for section, values in settings.items():
        if not config.has_section(section):
            config.add_section(section)
        for key, value in values.items():
            config[section].setdefault(key, value)
    (folder / ".dvc").mkdir(exist_ok=True)
    with (folder / ".dvc" / "config").open("w", encoding="utf-8") as stream:
        config.write(stream)


def _place(found: Path, path: Path) -> None:
    """Copy a file to its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(found, path)


def _hash(path: Path) -> str:
    """Return the hash that DVC gives a file or a folder, empty where there is none."""
    if path.is_dir():
        return source.digest(source.listing(path))
    return md5_file(path) if path.exists() else ""


def _some(paths: list[str]) -> str:
    """Return the first of some paths, and how many more there are."""
    return ", ".join(paths[:SHOWN]) + (f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else "")


def _silent(_line: str) -> None:
    """Keep DVC's own lines from a person who reads ours."""
