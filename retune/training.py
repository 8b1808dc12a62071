"""A training as its files and settings describe it: parts, base, and the version that it continues."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from retune.core import parts
from retune.core.errors import UserError
from retune.core.params.base import Settings
from retune.core.params.train import TrainParams, selectable
from retune.core.replay import is_known, mix
from retune.io.files import read_frame, read_json
from retune.io.settings import checked
from retune.modeling import exported
from retune.modeling.bases import BaseIdentity
from retune.modeling.keys import TrainingInputs

if TYPE_CHECKING:
    import pandas as pd

    from retune.modeling.bench import Plan
    from retune.modeling.layering import Layer


def plan(inputs: TrainingInputs, rows: pd.DataFrame, params: TrainParams) -> Plan:
    """Return what is to be trained on these rows [text, label]; the method's own settings are checked by its class."""
    from retune.modeling.bench import Plan

    identity = BaseIdentity.from_dict(read_json(inputs.base))
    task_type, method = _part("task_types", inputs.task_type), _part("methods", inputs.method)
    settings: tuple[type[Settings], type[Settings]] = (method.Settings, task_type.Settings)
    _check_selection(task_type, params.select_by)
    return Plan(
        task_type=task_type,
        family=_part("families", inputs.family),
        method=method,
        base=exported.root_of(identity),
        params=params,
        method_settings=checked(params.method_settings, settings[0], place="train.method_settings"),
        task_settings=checked(params.task_settings, settings[1], place="train.task_settings"),
        layer=_layer(inputs.base, identity, rows, params),
    )


def _layer(base: Path, identity: BaseIdentity, rows: pd.DataFrame, params: TrainParams) -> Layer | None:
    """Return the parent that base.json pins with the rows to tune on, None where tuning starts from the base."""
    if identity.parent is None:
        return None
    from retune.modeling import layering

    place = exported.located(base, identity.parent)
    known = is_known(rows, read_frame(place / exported.SEEN), "train")
    chosen = mix([not value for value in known], params.replay_share, params.seed)
    return layering.Layer(identity.parent, place / exported.MODEL, chosen)


def _check_selection(task_type: ModuleType, select_by: str) -> None:
    """Raise UserError for a score that the task type does not have."""
    known = selectable(task_type.METRICS)
    if select_by not in known:
        todo = "Correct train.select_by in params.yaml."
        raise UserError(expected=f"one of {', '.join(known)}", found=repr(select_by), todo=todo)


def _part(kind: str, path: Path) -> ModuleType:
    """Return the part whose file is at `path`."""
    return parts.find(f"retune.modeling.{kind}", path.stem)
