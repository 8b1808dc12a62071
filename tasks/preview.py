"""Step preview: what a model will be trained on, as its training will read it; no file is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retune.core import parts
from retune.core.errors import UserError
from retune.core.examples import counted
from retune.io.files import read_frame, read_json
from retune.io.place import Place
from retune.io.settings import checked
from retune.modeling import bases, exported
from retune.modeling.bases import BaseIdentity
from retune.project import ModelParams

SIDES = ("train", "validation", "test")


def preview(*, root: Path, model: str, params: ModelParams, shown: int) -> dict[str, Any]:
    """Return rows, lengths in tokens, labels and `shown` examples of the training split.

    Raises UserError where there is no split yet, or the base has no tokenizer here.
    """
    place = Place(root, model)
    sides = {side: place.model / "split" / f"{side}.parquet" for side in SIDES}
    if not (sides["train"].exists() and place.base.exists()):
        todo = f"Run `retune repro split@{model}`: it makes both, and trains nothing."
        raise UserError(expected=f"a training split of {model} and a pinned base", found="not both", todo=todo)
    rows = read_frame(sides["train"])
    task_type = parts.find("retune.modeling.task_types", params.task_type)
    target = parts.find("retune.core.targets", task_type.TARGET)
    seen = {
        "model": model,
        "task_type": params.task_type,
        "max_length": params.train.max_length,
        "rows": {side: len(read_frame(path)) for side, path in sides.items() if path.exists()},
        "labels": counted(rows["label"], target),
        **_read(params, _base(place.base), rows, shown),
    }
    return {**seen, "longer_share": seen["longer"] / max(len(rows), 1)}


def _base(path: Path) -> Path:
    """Return the folder of the pinned base."""
    identity = BaseIdentity.from_dict(read_json(path))
    if identity.hosted is not None:
        todo = "`retune prepare` counts and checks the rows of a file that a service takes."
        raise UserError(expected="a base on this machine", found="a model of a service", todo=todo)
    return bases.locate(exported.root_of(identity))


def _read(params: ModelParams, base: Path, rows: Any, shown: int) -> dict[str, Any]:
    """Return the rows as the training will read them."""
    from retune.modeling import preview as looking
    from retune.modeling import stacks
    from retune.modeling.dialogue import Scribe

    task_type = parts.find("retune.modeling.task_types", params.task_type)
    settings = checked(params.train.task_settings, task_type.Settings, place="train.task_settings")
    tokenizer, longest = stacks.tokenizer_of(base), params.train.max_length
    if task_type.HEAD != "text":
        return looking.of_labels(task_type, tokenizer, longest, rows, shown)
    family = parts.find("retune.modeling.families", params.family)
    scribe = Scribe(task_type, settings, family, tokenizer, longest).taught_by(rows)
    return looking.of_texts(scribe, base, rows, shown)
