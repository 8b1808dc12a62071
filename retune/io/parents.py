"""The version that a model continues: which one it is, whether it may be, and what is exported of it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from retune.core.errors import IntegrityError, UserError
from retune.core.fingerprint import content_sha256
from retune.io import lockfile, logged_model
from retune.io.files import md5_file, sha256_file, whole_folder
from retune.io.place import Place
from retune.io.registry import CONTENT, PARENT_MODEL, PARENT_VERSION, WITHDRAWN, Registry, Version
from retune.io.tracking import PROFILE, SEEN, Tracking

REGISTRY = "registry:"
LEARNT_FROM = ("train.parquet", "validation.parquet")


@dataclass(frozen=True)
class Source:
    """What `registry:<model>@<alias or number>` names, on one server."""

    registry: Registry
    tracking: Tracking
    alias: str

    def version(self) -> Version:
        """Return the version; raises UserError where there is none yet."""
        number = self.alias if self.alias.isdigit() else self.registry.aliases().get(self.alias, "0")
        found = self.registry.version(number)
        if found is None:
            todo = "Tune it once from bundled:minilm: `resolve.base` in params.yaml."
            raise UserError(expected=f"a version {self.registry.name}@{self.alias}", found="none", todo=todo)
        return found


def source_of(spec: str, uri: str, experiment: str) -> Source:
    """Return what a spec names; raises UserError for one of another form."""
    model, _, alias = spec.removeprefix(REGISTRY).partition("@")
    if not model or not alias:
        todo = "Correct `resolve.base` in params.yaml."
        raise UserError(expected="registry:<model>@champion, or @ and a version's number", found=spec, todo=todo)
    return Source(Registry(uri, model, experiment), Tracking(uri, experiment), alias)


def refuse_withdrawn(uri: str, experiment: str, model: str, version: Version) -> None:
    """Raise UserError where the version, or one that it continues in turn, was withdrawn."""
    following: Version | None = version
    while following is not None:
        if following.tags.get(WITHDRAWN):
            raise UserError(
                expected=f"a version to continue that stands on none that was withdrawn ({model} {version.number})",
                found=f"{model} version {following.number}, withdrawn: {following.tags[WITHDRAWN]}",
                todo="Tune from the base: `resolve.base: bundled:minilm` in params.yaml.",
            )
        model, number = following.tags.get(PARENT_MODEL, ""), following.tags.get(PARENT_VERSION, "")
        following = Registry(uri, model, experiment).version(number) if number else None


def has_learnt(place: Place) -> bool:
    """Tell whether the training in dvc.lock had the pinned parent, and its rows are those of the split as it is now.

    Then there is nothing new to learn, and the parent stays: its child, once champion, is not continued without need.
    """
    try:
        recorded = lockfile.hashes(place.entry("train").get("deps", []))
    except UserError:
        return False  # nothing was trained yet
    files = [place.base, *(place.model / "split" / name for name in LEARNT_FROM)]
    return all(path.exists() and recorded.get(str(path.relative_to(place.root))) == md5_file(path) for path in files)


def export(source: Source, version: Version, folder: Path, content_folder: str) -> dict[str, str]:
    """Write the version's model and the list of what it saw into a folder; returns the SHA-256 of each file by name.

    IntegrityError where the files are not those that were registered, UserError where no list was kept.
    """
    with tempfile.TemporaryDirectory(prefix="retune-parent-") as scratch:
        fetched = logged_model.fetch(source.tracking.uri, version.source, Path(scratch) / "model")
        model, name = fetched / "artifacts" / "model", f"{source.registry.name} version {version.number}"
        if content_sha256(_hashes(model).items()) != version.tags.get(CONTENT):
            raise IntegrityError(f"the files of {name} are not those that were registered")
        run, there = version.run_id, Path(scratch) / "seen"
        seen = source.tracking.fetch(run, f"{PROFILE}/{SEEN}", there) if run else None
        if seen is None:
            todo = "Tune once more from the base: what a version saw is kept since the stage profile is there."
            raise UserError(expected=f"what {name} saw ({PROFILE}/{SEEN} of its run)", found="none", todo=todo)
        with whole_folder(folder) as partial:
            shutil.copytree(model, partial / content_folder)
            shutil.copyfile(seen, partial / seen.name)
    return _hashes(folder)


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file under a folder by its name there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_file(path) for path in files}
