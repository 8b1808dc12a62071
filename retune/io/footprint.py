"""What the stages of an execution took, as their footprint is counted from it: rows of the run, and what trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from retune.core.footprint import Step
from retune.core.run_report import CACHED, RAN, StageRow
from retune.io.files import read_json
from retune.io.place import Place

ON_THE_DEVICE = ("train", "rehearse", "evaluate", "profile")  # steps that hold the GPU where there is one


def steps_of(root: Path, stages: Sequence[StageRow]) -> list[Step]:
    """Return each stage of an execution as a step; one that was not reached took nothing and is left out."""
    return [_step(root, row) for row in stages if row.seconds or row.state == CACHED]


def _step(root: Path, row: StageRow) -> Step:
    """Return one stage, with the GPUs that it held and the tokens that it trained on."""
    name, _, model = row.stage.partition("@")
    ran = row.state == RAN
    found = trained(root, model) if model and ran and name in ON_THE_DEVICE else {}
    tokens = found.get("train_tokens") if name == "train" else None
    return Step(row.stage, row.seconds, int(found.get("gpus") or 0), tokens, row.state)


def trained(root: Path, model: str) -> dict[str, Any]:
    """Return what the last training of a model said of itself and its hardware, nothing where that was not recorded."""
    folder = Place(root, model).model / "train"
    found: dict[str, Any] = {}
    for path in (folder / "timings.json", folder / "facts.json"):
        found |= read_json(path) if path.exists() else {}
    return found
