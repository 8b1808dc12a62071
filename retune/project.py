"""params.yaml as a whole: every section typed, every part known, checked before anything is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from retune.core import parts
from retune.core.errors import UserError
from retune.core.gating import check_limits, check_rules
from retune.core.hosted import HOSTED, SCHEME, source_of
from retune.core.hosted_scores import shown
from retune.core.noise import FEWEST_SEEDS
from retune.core.params.base import Settings
from retune.core.params.deduplicate import DeduplicateParams
from retune.core.params.erasure import ErasureParams
from retune.core.params.evaluate import FEWEST_MEMBERSHIP_ROWS, EvaluateParams
from retune.core.params.examples import ExamplesParams
from retune.core.params.gate import GateParams
from retune.core.params.hosted import HostedParams
from retune.core.params.ingest import IngestParams
from retune.core.params.machine import MachineParams
from retune.core.params.monitor import MonitorParams
from retune.core.params.notify import NotifyParams
from retune.core.params.profile import ProfileParams
from retune.core.params.redact import RedactParams
from retune.core.params.rehearse import RehearseParams
from retune.core.params.release import ReleaseParams
from retune.core.params.resolve import ResolveParams
from retune.core.params.split import SplitParams
from retune.core.params.traffic import TrafficParams
from retune.core.params.train import TrainParams, selectable
from retune.core.params.validate import ValidateParams
from retune.core.policy_fit import misfits
from retune.io.settings import checked, faults_of, read_yaml

PARAMS = "params.yaml"
BUILDERS = "retune.core.builders"


class CorpusParams(Settings):
    """What happens to the documents, for all models alike."""

    ingest: IngestParams
    """Which files are read, and how."""
    redact: RedactParams
    """What is taken out of the text."""
    deduplicate: DeduplicateParams
    """When two documents count as one."""
    validate_: ValidateParams = Field(alias="validate")
    """Which documents are fit for training."""
    gate: GateParams
    """How much may be wrong with the documents before the pipeline stops."""


class ModelParams(Settings):
    """One model, from its examples to its promotion."""

    task_type: str
    """What the model answers: a file of retune/modeling/task_types."""
    family: str
    """Which kind of base it is tuned from: a file of retune/modeling/families."""
    method: str
    """How it is tuned: a file of retune/modeling/methods."""
    examples: ExamplesParams
    """How documents become training examples."""
    gate: GateParams
    """How much may be wrong with the examples before the pipeline stops."""
    split: SplitParams
    """Which examples train, validate and test."""
    resolve: ResolveParams
    """Which base model, pinned before anything depends on it."""
    train: TrainParams
    """The training itself."""
    rehearse: RehearseParams
    """Trainings beside the real one, which say what one training cannot."""
    evaluate: EvaluateParams
    """What is measured on the test rows."""
    profile: ProfileParams
    """What is kept of the rows that the model learnt from, for its monitor."""
    release: ReleaseParams
    """What a version must show before it is promoted."""
    monitor: MonitorParams
    """What is held against what the champion learnt from, and when drift starts a training."""

    @model_validator(mode="after")
    def _rehearsed(self) -> ModelParams:
        """Refuse a release that asks for what nothing measures."""
        if self.release.noise and self.rehearse.seeds < FEWEST_SEEDS:
            raise ValueError(f"release.noise needs rehearse.seeds of {FEWEST_SEEDS} or more")
        if self.release.memorisation and not self.rehearse.canaries:
            raise ValueError("release.memorisation needs rehearse.canaries")
        if self.release.membership is not None and self.evaluate.membership_rows < FEWEST_MEMBERSHIP_ROWS:
            raise ValueError(f"release.membership needs evaluate.membership_rows of {FEWEST_MEMBERSHIP_ROWS} or more")
        if (self.release.verbatim is not None or self.release.personal_data) and not self.evaluate.verbatim_passages:
            raise ValueError("release.verbatim and release.personal_data need evaluate.verbatim_passages")
        return self


class TrackingParams(Settings):
    """Where runs and models are recorded."""

    experiment: str
    """Name of the MLflow experiment that holds the runs; decisions stand in `<experiment>-decisions`."""


class Project(Settings):
    """The settings of the whole project."""

    corpus: CorpusParams
    """The documents."""
    models: dict[str, ModelParams] = Field(min_length=1)
    """The models that are tuned on them, by the name they are registered under."""
    tracking: TrackingParams
    """The record."""
    hosted: dict[str, HostedParams]
    """Services that tune models on rows that are sent to them, by the name that models call them."""
    traffic: TrafficParams
    """The log of what served models are asked and answer."""
    erasure: ErasureParams
    """What follows from a deletion request."""
    notify: NotifyParams
    """Who is told of what changed."""
    machine: MachineParams
    """What a run asks of its machine before anything is done."""


def read_project(root: Path) -> Project:
    """Return the settings in params.yaml; raises one UserError with everything that is wrong with them."""
    project = checked(read_yaml(root / PARAMS), Project)
    for name, model in project.models.items():
        _check_name(name)
        for kind, part in _parts(model):
            parts.find(kind, part)
        _check_hosted(name, model, project.hosted)
        _check_parts(name, model)
        _check_gates(name, model)
        _check_release(name, model)
    for service in project.hosted.values():
        parts.find("retune.io.providers", service.provider)
    return project


def _parts(model: ModelParams) -> list[tuple[str, str]]:
    """Return the discovered parts that a model names, as package and name."""
    return [
        ("retune.modeling.task_types", model.task_type),
        ("retune.modeling.families", model.family),
        ("retune.modeling.methods", model.method),
        (BUILDERS, model.examples.builder),
        *(("retune.core.drift.aspects", aspect) for aspect in model.monitor.watch),
    ]


def _check_parts(name: str, model: ModelParams) -> None:
    """Raise one UserError for the settings of the parts that are wrong, and for parts that do not fit each other."""
    found = [f"models.{name}.{fault}" for fault in [*_part_settings(model), *_unfit(model)]]
    if found:
        raise UserError(
            expected=f"parts that fit each other, and settings of theirs, in {PARAMS}",
            found=f"{len(found)} wrong: {'; '.join(found)}",
            todo="docs/configure.md has the settings of each part.",
        )


def _part_settings(model: ModelParams) -> list[str]:
    """Return what is wrong with the settings that parts have of their own."""
    train, kinds = model.train, "retune.modeling"
    given: list[tuple[str, Any, type[Settings]]] = [
        ("examples.options", model.examples.options, parts.find(BUILDERS, model.examples.builder).Options),
        ("train.method_settings", train.method_settings, parts.find(f"{kinds}.methods", model.method).Settings),
        ("train.task_settings", train.task_settings, parts.find(f"{kinds}.task_types", model.task_type).Settings),
    ]
    return [fault for place, value, settings in given for fault in faults_of(value, settings, place)]


def _unfit(model: ModelParams) -> list[str]:
    """Return what a task type cannot do with the family that is named, or with the score that selects weights."""
    task_type = parts.find("retune.modeling.task_types", model.task_type)
    family = parts.find("retune.modeling.families", model.family)
    known, found = selectable(task_type.METRICS), []
    if model.family != HOSTED and task_type.HEAD not in family.HEADS:
        has = ", ".join(family.HEADS)
        found.append(f"family: {model.family} has the heads {has}, and {model.task_type} needs {task_type.HEAD}")
    if model.train.select_by not in known:
        found.append(f"train.select_by: {model.train.select_by} is none of {', '.join(known)}")
    return found


def _check_gates(name: str, model: ModelParams) -> None:
    """Raise UserError unless the gates on examples that apply to the task type, and they alone, have settings."""
    target = parts.find("retune.modeling.task_types", model.task_type).TARGET
    of_labels = parts.find("retune.core.targets", target).GATES
    try:
        check_rules(model.examples.rules.given, of_labels)
        check_limits(model.gate.limits, "examples", of_labels)
    except UserError as error:
        raise UserError(expected=f"in models.{name} {error.expected}", found=error.found, todo=error.todo) from error


def _check_release(name: str, model: ModelParams) -> None:
    """Refuse a policy that asks for what models of the task type do not show."""
    kind = parts.find("retune.modeling.task_types", model.task_type)
    metrics, floors = shown(kind.METRICS, kind.FLOORS) if model.family == HOSTED else (kind.METRICS, kind.FLOORS)
    found = misfits(model.release, kind.TARGET, metrics, kind.PRIMARY, floors)
    if found:
        expected = f"models.{name}.release to ask for what models of {model.task_type} show"
        raise UserError(expected=expected, found="; ".join(found), todo=f"Correct {PARAMS}; docs/release.md has more.")


def _check_hosted(name: str, model: ModelParams, services: dict[str, HostedParams]) -> None:
    """Refuse a model that is tuned by a service in one setting and on this machine in another."""
    chosen = {"family": model.family, "method": model.method, "resolve.base": model.resolve.base.partition(":")[0]}
    if HOSTED not in chosen.values():
        return
    found = [f"{key}: {value}" for key, value in chosen.items() if value != HOSTED]
    service = source_of(model.resolve.base)[0] if not found else ""
    if service and service not in services:
        found.append(f"resolve.base: {SCHEME}{service}/..., while `hosted` knows {', '.join(services) or 'none'}")
    if model.rehearse.seeds or model.rehearse.canaries:
        found.append("rehearse: trainings beside the real one, each of which would be a job that is paid")
    if model.evaluate.membership_rows:
        found.append("evaluate.membership_rows: a service does not say what a given answer costs its model")
    if found:
        raise UserError(
            expected=f"models.{name} to be hosted in family, method and base (hosted:<service>/<model>)",
            found="; ".join(found),
            todo=f"Correct {PARAMS}; docs/hosted.md has an example.",
        )


def _check_name(name: str) -> None:
    """Refuse a model name that cannot be a folder, a DVC stage and a registered model at once."""
    import re

    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name) or name.endswith("-refused"):
        raise UserError(
            expected="a model name of lower-case letters, digits and dashes that does not end in -refused",
            found=repr(name),
            todo=f"Rename it in {PARAMS}.",
        )


def chosen(project: Project, names: list[str]) -> dict[str, Any]:
    """Return the models of these names, all of them for an empty list; an unknown name lists the known ones."""
    unknown = sorted(set(names) - set(project.models))
    if unknown:
        raise UserError(
            expected=f"models of {PARAMS}: {', '.join(sorted(project.models))}",
            found=", ".join(unknown),
            todo="Correct the name.",
        )
    return {name: model for name, model in project.models.items() if not names or name in names}
