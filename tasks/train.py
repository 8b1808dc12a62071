"""Tune a base on the training split, from where a killed run was, into a model folder with its history and facts."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from retune.core import parts
from retune.core.params.base import Settings
from retune.core.params.train import TrainParams
from retune.core.replay import is_known, mix
from retune.io import cache
from retune.io.files import read_frame, read_json, whole_folder, write_json, write_text
from retune.io.settings import checked
from retune.modeling import bases, exported, keys
from retune.modeling.bases import BaseIdentity

if TYPE_CHECKING:
    import pandas as pd

    from retune.modeling.layering import Layer


def train(
    *,
    train: Path,
    validation: Path,
    base: Path,
    task_type: Path,
    family: Path,
    method: Path,
    model: Path,
    history: Path,
    facts: Path,
    timings: Path,
    params: TrainParams,
) -> None:
    """Write the model, its history and facts; `timings` has what differs between machines and runs."""
    identity = BaseIdentity.from_dict(read_json(base))
    bases.locate(identity)  # a base that is gone or changed is said before seconds of imports
    rows = read_frame(train)
    inputs = keys.TrainingInputs(train, validation, base, task_type, family, method)
    work = cache.folder("train", inputs.key(params.model_dump()))
    from retune.modeling import journal
    from retune.modeling.bench import Plan
    from retune.modeling.train import fit, to_stderr

    plan = Plan(
        task_type=_part("task_types", task_type), family=_part("families", family), method=_part("methods", method),
        base=exported.root_of(identity), params=params, method_settings=_method_settings(method, params),
        layer=_layer(base, identity, rows, params),
    )  # fmt: skip
    with whole_folder(model) as partial:
        fitted = fit(plan, rows, read_frame(validation), work=work, out=partial, say=to_stderr)
    write_text(history, journal.history(fitted.events))
    write_json(facts, {**fitted.facts, "inputs_sha256": inputs.sha256()})
    write_json(timings, fitted.timings)
    shutil.rmtree(work / "checkpoints", ignore_errors=True)  # after all outs are whole: a kill before resumes


def _layer(base: Path, identity: BaseIdentity, rows: pd.DataFrame, params: TrainParams) -> Layer | None:
    """Return the parent that base.json pins with the rows to tune on, None where tuning starts from the base."""
    if identity.parent is None:
        return None
    from retune.modeling import layering

    place = exported.located(base, identity.parent)
    known = is_known(rows, read_frame(place / exported.SEEN), "train")
    chosen = mix([not value for value in known], params.replay_share, params.seed)
    return layering.Layer(identity.parent, place / exported.MODEL, chosen)


def _part(kind: str, path: Path) -> ModuleType:
    """Return the part whose file is at `path`."""
    return parts.find(f"retune.modeling.{kind}", path.stem)


def _method_settings(method: Path, params: TrainParams) -> Settings:
    """Return the settings of the method, checked by its own class."""
    settings: type[Settings] = _part("methods", method).Settings
    return checked(params.method_settings, settings, place="train.method_settings")
