"""Step reproduce: a registered version trained again in a fresh checkout, from its own code, settings and documents."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from retune.core.errors import RetuneError, UserError
from retune.core.lineage import Name
from retune.core.reproduction import Reproduction, other_packages, outs, scores
from retune.io import cache, dvc, parents, reproduction
from retune.io.files import read_frame, read_json
from retune.io.locks import exclusive
from retune.io.mlflow_store import default_uri
from retune.io.registry import Registry, Version
from retune.io.reproduction import Recipe
from retune.io.settings import read_yaml
from retune.io.tracking import Tracking
from retune.io.withdrawal import ERASED
from retune.modeling import exported
from retune.project import read_project

STAGE = re.compile(r"Running stage '([^']+)'")
LAST_LINES = 12


class ReproductionFailedError(RetuneError):
    """A stage of the repeated training stopped."""


def reproduce(*, root: Path, model: str, version: str, say: dvc.Say, keep: bool = False) -> Reproduction:
    """Train a version again and hold scores and files against the recorded ones; MLflow is read and not written to.

    It takes as long as the first run. The checkout lies below `.retune/reproductions`; with `keep` it stays there.
    Raises UserError where code or documents are not there any more, or were deleted on request.
    """
    uri, experiment = default_uri(root), read_project(root).tracking.experiment
    tracking, registry = Tracking(uri, experiment), Registry(uri, model, experiment)
    wanted = _version(registry, version)
    folder = (root / reproduction.checkouts() / f"{model}-{wanted.number}").resolve()
    with (
        exclusive(folder.with_suffix(".lock"), wait=False),
        tempfile.TemporaryDirectory(prefix="retune-recipe-") as kept,
    ):
        made = reproduction.recipe(tracking, wanted.run_id, model, Path(kept))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        commit = reproduction.lay_out(root, made, folder)
        say(f"{model} {wanted.number}: its code is {f'commit {commit[:12]}' if commit else 'that of this checkout'}")
        reproduction.restore(root, made, folder, say)
        _export_parent(made, folder, uri, experiment)
        reproduction.check(made, folder)
        say("its settings, pins and documents are back; every stage runs again")
        _run(folder, model, say)
        result = _compared(made, folder, Name(model, wanted.number), commit)
        if not keep:
            shutil.rmtree(folder)
    return result


def _version(registry: Registry, number: str) -> Version:
    """Return the version; raises UserError for one that is not there, or that saw what was deleted since."""
    found = registry.version(number) if number.isdigit() else None
    if found is None:
        todo = "Name it by its number in MLflow's registry."
        raise UserError(expected=f"a version of {registry.name}", found=number, todo=todo)
    if ERASED in found.tags:
        raise UserError(
            expected=f"a version whose documents are all there ({registry.name} {number})",
            found=f"documents that were deleted since: {found.tags[ERASED]}",
            todo="It cannot be reproduced, and must not be. `make pipeline` trains on what is left.",
        )
    return found


def _export_parent(made: Recipe, folder: Path, uri: str, experiment: str) -> None:
    """Write what the training continued beside base.json, where it continued a version."""
    base = folder / "artifacts" / "models" / made.model / "resolve" / "base.json"
    parent = read_json(base).get("parent") if base.exists() else None
    if parent:
        source = parents.source_of(f"{parents.REGISTRY}{parent['model']}@{parent['version']}", uri, experiment)
        parents.export(source, source.version(), base.with_name(exported.FOLDER), exported.MODEL)


def _run(folder: Path, model: str, say: dvc.Say) -> None:
    """Run all stages up to the evaluation, without anything that an earlier run left."""

    def tell(line: str) -> None:
        if found := STAGE.match(line):
            say(f"    {found[1]}")

    arguments = ["repro", "--no-run-cache", "--no-commit", f"evaluate@{model}"]
    code, lines = dvc.run(folder, arguments, tell, {cache.STATE_VARIABLE: str(folder / ".retune")})
    if code != 0:
        raise ReproductionFailedError("a stage stopped:\n" + "\n".join([one for one in lines if one][-LAST_LINES:]))


def _compared(made: Recipe, folder: Path, name: Name, commit: str) -> Reproduction:
    """Return what was recorded beside what the folder holds now."""
    left_out = reproduction.uncached(folder, made)
    recorded = outs(made.stages, made.stages, uncached=left_out)
    again = outs(read_yaml(folder / "dvc.lock")["stages"], made.stages, uncached=left_out)
    then, now = made.folder / "evaluation", folder / "artifacts" / "models" / made.model / "evaluate"
    there = [place for place in (then, made.folder / "rows", now) if (place / "predictions.parquet").exists()]
    answers = [read_frame(place / "predictions.parquet").set_index("example_id")["prediction"] for place in there]
    packages = folder / "requirements.lock"
    locked = packages.read_text(encoding="utf-8") if packages.exists() else ""
    return Reproduction(
        model=name.model,
        version=name.version,
        commit=commit,
        scores=scores(read_json(then / "metrics.json"), read_json(now / "metrics.json")),
        test_rows=len(answers[0]),
        answered_otherwise=int((answers[1].reindex(answers[0].index) != answers[0]).sum()),
        files=len(recorded),
        differing=tuple(path for path, md5 in recorded.items() if again.get(path) != md5),
        packages=tuple(other_packages(locked, reproduction.installed())),
    )
