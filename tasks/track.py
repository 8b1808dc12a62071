"""Step track: what a training was, did and scored goes to one MLflow run, its model becomes one registered version."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from retune.core import parts
from retune.core.errors import IntegrityError
from retune.core.evaluation import figures
from retune.core.evidence import target_of
from retune.core.fingerprint import content_sha256
from retune.core.model_card import card
from retune.core.moves import moves
from retune.core.retention import scores_kept
from retune.core.rule import Cause, policy_sha256
from retune.io import approval, cache, hosted_copies, journal, lineage_mirror, lockfile, logged_model, revisions, smoke
from retune.io.files import read_frame, read_json, sha256_file
from retune.io.mlflow_store import database_of, default_uri
from retune.io.place import Place
from retune.io.registry import (
    CHAMPION,
    CONTENT,
    FINGERPRINT,
    KEPT,
    PACKAGE,
    PARENT_MODEL,
    PARENT_VERSION,
    POLICY,
    PROMOTED,
    TO,
    Registry,
    Version,
)
from retune.io.rule import holding
from retune.io.settings import read_yaml
from retune.io.tracking import FINISHED, KIND, NOTE, PROFILE, SEEN, VERSION, Dataset, Tracking
from retune.io.version_report import CARD, COUNTS, folder_of_answers, gather
from retune.modeling.keys import JOURNAL, TrainingInputs
from retune.modeling.methods.hosted import TOLD
from retune.project import read_project

SPLITS = {"train": "training", "validation": "validation", "test": "test"}
NOT_OF_THE_TRAINING = (
    "gate",
    "rehearse",
    "profile",
    "release",
    "monitor",
)  # sections of a model's settings that change no weight


@dataclass(frozen=True)
class Tracked:
    """The run of a training and the version that it became; `note` says why none was made."""

    fingerprint: str
    run_id: str
    run_url: str
    version: str
    version_url: str
    is_new: bool
    note: str = ""
    sides: str = ""  # how many examples changed sides of the split since the last version


def track(*, root: Path, model: str, parent: str | None = None) -> Tracked:
    """Record the training that dvc.lock describes in its run, and register its model once.

    Before anything is registered, the model is loaded in a fresh offline process: IntegrityError if it answers
    otherwise than the one in memory did.
    """
    place = Place(root, model)
    tracking, registry = _clients(root, model)
    mark = place.trained()
    run = tracking.training_run(mark, name=model, parent=parent)
    version = registry.find(FINGERPRINT, mark)
    if version is not None and run.is_finished:
        lineage_mirror.record(place, tracking, registry, run.run_id, version.number)
        return _tracked(tracking, registry, mark, run.run_id, version, is_new=False)
    _record(place, tracking, run.run_id)
    sides = _sides(place, tracking, registry, run.run_id, mark)
    try:
        version, is_new = _register(place, tracking, registry, run.run_id, mark)
    except IntegrityError as error:
        tracking.close(run.run_id, "FAILED", [str(error)])
        raise
    approval.sign(registry, approval.TRAINED, version)
    tracking.set_tags(run.run_id, {VERSION: version.number})
    lineage_mirror.record(place, tracking, registry, run.run_id, version.number)
    tracking.close(run.run_id)
    return replace(_tracked(tracking, registry, mark, run.run_id, version, is_new=is_new), sides=sides)


def fingerprint_of(root: Path, model: str) -> str:
    """Return the fingerprint of the training that would run now: its run can be opened before it starts."""
    return Place(root, model).to_be_trained()


def journal_of(root: Path, model: str) -> Path:
    """Return where the training that would run now writes its journal."""
    place, settings = Place(root, model), read_project(root).models[model]
    chosen = {"task_type": settings.task_type, "family": settings.family, "method": settings.method}
    kinds = {"task_type": "task_types", "family": "families", "method": "methods"}
    code = {kind: root / "retune" / "modeling" / kinds[kind] / f"{name}.py" for kind, name in chosen.items()}
    splits = {name: place.model / "split" / f"{name}.parquet" for name in ("train", "validation")}
    inputs = TrainingInputs(**splits, base=place.base, **code)
    return cache.location("train", inputs.key(settings.train.model_dump())) / JOURNAL


def unsettled(root: Path, model: str, cause: Cause, now: datetime) -> bool:
    """Tell whether the model that dvc.lock records is yet to be registered or decided on under the rule that holds now.

    A refusal by a gate does not settle it: the gate says no again at every run until something changes. A person who
    went back from a version does.
    """
    uri = default_uri(root)
    database = database_of(uri)
    if not (root / "dvc.lock").exists() or (database is not None and not database.exists()):
        return True
    tracking, registry = _clients(root, model)
    run = tracking.find({KIND: "training", FINGERPRINT: Place(root, model).trained()}, FINISHED)
    version = run.data.tags.get(VERSION) if run is not None else None
    if version is None:
        return True
    if registry.aliases().get(CHAMPION) == version or registry.rolled_back(version) is not None:
        return False
    params = read_project(root).models[model].release
    policy = policy_sha256(params, holding(tracking, registry, params, cause, now))
    return not [one for one in registry.decisions(**{TO: version, POLICY: policy}) if one.outcome in (PROMOTED, KEPT)]


def _clients(root: Path, model: str) -> tuple[Tracking, Registry]:
    """Return the runs and the versions of the checkout's MLflow."""
    uri, experiment = default_uri(root), read_project(root).tracking.experiment
    return Tracking(uri, experiment), Registry(uri, model, experiment)


def _record(place: Place, tracking: Tracking, run_id: str) -> None:
    """Log settings, curves, scores, inputs, reports, lineage and the model card to the run."""
    facts = read_json(place.model / "train" / "facts.json")
    metrics = read_json(place.model / "evaluate" / "metrics.json")
    tracking.log_params(run_id, {**_settings(place), **_facts(facts)})
    tracking.curves(run_id).log(journal.read_lines(place.model / "train" / "history.jsonl")[0])
    tracking.log_scores(run_id, scores_of(metrics))
    datasets = _datasets(place, facts, metrics)
    tracking.log_datasets(run_id, datasets)
    for folder, files in _files(place, target_of(metrics)).items():
        tracking.log_files(run_id, files, folder)
    tracking.log_text(run_id, json.dumps(_counts(place), indent=2), COUNTS)
    tracking.log_text(run_id, card(gather(tracking, place.name, run_id)), CARD)
    said = {"retune.test_sha256": metrics["test_sha256"], "retune.model": place.name, NOTE: about(metrics)}
    tracking.set_tags(run_id, {**said, **_parent(place), **revisions.as_tags(place.root)})


def _sides(place: Place, tracking: Tracking, registry: Registry, run_id: str, mark: str) -> str:
    """Return how many examples changed sides since the last version, as a person reads it, and log the numbers."""
    last, now = registry.newest(but=mark), place.model / "profile" / SEEN
    if last is None:
        return ""
    with tempfile.TemporaryDirectory(prefix="retune-sides-") as scratch:
        before = tracking.fetch(last.run_id, f"{PROFILE}/{SEEN}", Path(scratch))
        if before is None or not now.exists():
            return f"how many examples changed sides of the split since version {last.number} is unknown"
        found = moves(read_frame(before), read_frame(now))
    tracking.log_scores(run_id, {"split/compared": found.compared, "split/changed_sides_share": found.share})
    return found.told(last.number)


def _register(place: Place, tracking: Tracking, registry: Registry, run_id: str, mark: str) -> tuple[Version, bool]:
    """Return the model's version and whether it is new; equal bytes of another fingerprint are not registered again."""
    model = place.model / "train" / "model"
    content = content_sha256((str(path.relative_to(model)), sha256_file(path)) for path in files_of(model))
    found = registry.find(FINGERPRINT, mark) or registry.find(CONTENT, content)
    if found is not None:
        return found, False
    base = read_json(model / "retune_model.json")["base"]
    tags = {
        FINGERPRINT: mark,
        CONTENT: content,
        "retune.base": base["id"],
        "retune.base_sha256": base["weights_sha256"],
        **hosted_copies.tags_of(base),
        **_parent(place),
    }
    with tempfile.TemporaryDirectory(prefix="retune-model-") as scratch:
        folder = Path(scratch) / "model"
        task_type = parts.find("retune.modeling.task_types", read_json(model / "retune_model.json")["task_type"])
        examples = [{name: row[name] for name in task_type.COLUMNS} for row in task_type.EXAMPLE]
        package = logged_model.write(folder, model=model, base=base, examples=examples)
        logged_model.check_code(folder)
        result = logged_model.check_reload(folder)
        tracking.set_tags(run_id, {"retune.reload_difference": result["largest_difference"]})
        tags |= {PACKAGE: package, smoke.ANSWERED: smoke.key(package)}
        model_id = logged_model.upload(tracking, run_id, folder, name=place.name, tags=tags)
    told = about(read_json(place.model / "evaluate" / "metrics.json"))
    source = f"models:/{model_id}"
    return registry.register(source=source, model_id=model_id, run_id=run_id, tags=tags, description=told)


def scores_of(metrics: dict[str, Any]) -> dict[str, float]:
    """Return scores with the ends of their intervals, and the floors', as `test/accuracy`: MLflow shows sections."""
    floors = {f"test_{name}": scores for name, scores in metrics.get("floors", {}).items()}
    sides = {"test": metrics["model"], **floors}
    flat: dict[str, float] = {"test/rows": metrics["test_rows"]}
    for side, scores in sides.items():
        for metric, score in scores.items():
            flat[f"{side}/{metric}"] = score["value"]
            flat.update({f"{side}/{metric}_{end}": score[end] for end in ("low", "high") if end in score})
    return flat | scores_kept(metrics.get("retention", {})) | figures(metrics)


def _parent(place: Place) -> dict[str, str]:
    """Return the tags that name the version that the training continued, none where it started from the base."""
    base = read_json(place.base)
    parent, hosted = base.get("parent"), base.get("hosted") or {}
    if hosted.get("parent_version"):
        return {PARENT_MODEL: hosted["parent_model"], PARENT_VERSION: hosted["parent_version"]}
    return {PARENT_MODEL: parent["model"], PARENT_VERSION: parent["version"]} if parent else {}


def about(metrics: dict[str, Any]) -> str:
    """Return what a model showed, in the lines that MLflow shows beside it."""
    scores = [
        f"* {name.replace('_', ' ')} {score['value']:.3f} (95 %: {score['low']:.3f} to {score['high']:.3f})"
        for name, score in metrics["model"].items()
        if {"value", "low", "high"} <= set(score)
    ]
    lines = (metrics.get("retention", {}).get("line"), metrics.get("learning_curve", {}).get("line"))
    said = [line for line in (metrics.get("tuning"), *lines) if line]
    told = [part for line in said for part in ("", line)]
    return "\n".join([f"On {metrics['test_rows']} test rows:", "", *scores, *told])


def files_of(folder: Path) -> list[Path]:
    """Return the files under a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _settings(place: Place) -> dict[str, Any]:
    """Return the settings that a person compares runs by: the model's own but for what decides on it afterwards."""
    settings = read_yaml(place.root / "params.yaml")["models"][place.name]
    return {key: value for key, value in settings.items() if key not in NOT_OF_THE_TRAINING}


def _facts(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a training that are single values, and which base it was."""
    base = facts.get("base") or {}
    plain = {key: value for key, value in facts.items() if isinstance(value, str | int | float)}
    return {"facts": {**plain, "base": base.get("id", ""), "base_sha256": base.get("weights_sha256", "")}}


def _datasets(place: Place, facts: dict[str, Any], metrics: dict[str, Any]) -> list[Dataset]:
    """Return documents and splits under the hashes by which DVC knows them."""
    rows = {"train": facts.get("train_rows"), "validation": facts.get("validation_rows"), "test": metrics["test_rows"]}
    outs = lockfile.hashes(place.entry("split")["outs"])
    known = {Path(path).stem: (path, md5) for path, md5 in outs.items() if path.endswith(".parquet")}
    found = [Dataset(name, *known[name], SPLITS[name], rows[name]) for name in SPLITS if name in known]
    documents = lockfile.data_hash(place.root)
    return [Dataset("documents", "data", documents, "documents"), *found] if documents else found


def _files(place: Place, target: str) -> dict[str, list[Path]]:
    """Return which files go into which artifact folder; whatever holds texts goes into `rows`."""
    corpus, model = place.corpus, place.model
    answers = {folder_of_answers(target) or "evaluation": [model / "evaluate" / "predictions.parquet"]}
    return {
        "lineage": [
            *(place.root / name for name in lockfile.LINEAGE),
            place.base,
            place.base.parent / TOLD,
            place.root / "tombstones.csv",
        ],
        "gates/documents": [*files_of(corpus / "gate"), corpus / "validate" / "data_docs"],
        "gates/examples": [*files_of(model / "gate"), model / "examples" / "data_docs"],
        "training": [model / "train" / name for name in ("history.jsonl", "facts.json", "timings.json")],
        "evaluation": [
            *(model / "evaluate" / name for name in ("metrics.json", "plots")),
            *answers.get("evaluation", []),
        ],
        "rehearsal": [model / "rehearse" / "rehearse.json"],
        "rows": [model / "evaluate" / "errors.parquet", model / "profile", *answers.get("rows", [])],
        "rows/behaviour": [place.root / "behaviour" / f"{place.name}.yaml"],
    }


def _counts(place: Place) -> list[dict[str, Any]]:
    """Return what each step from the files to the split took in, let out and rejected, where it ran."""
    corpus = [place.corpus / step for step in ("ingest", "redact", "deduplicate", "validate")]
    files = [folder / "counts.json" for folder in [*corpus, place.model / "examples", place.model / "split"]]
    return [{"step": path.parent.name, **read_json(path)} for path in files if path.exists()]


def _tracked(
    tracking: Tracking, registry: Registry, mark: str, run_id: str, version: Version, *, is_new: bool
) -> Tracked:
    """Return what the caller shows."""
    other = version.tags[FINGERPRINT] != mark
    return Tracked(
        fingerprint=mark,
        run_id=run_id,
        run_url=tracking.url(run_id),
        version=version.number,
        version_url=registry.url(version.number),
        is_new=is_new,
        note=f"its bytes are those of version {version.number}, trained by another way" if other else "",
    )
