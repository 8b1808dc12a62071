"""A saved model that answers, alike in every process: float32, no dropout, batches by length."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import pandas as pd

from retune.core import parts
from retune.core.errors import IntegrityError
from retune.modeling import bases, folder, needs
from retune.modeling.bases import BaseIdentity

Floats = np.ndarray[Any, np.dtype[np.float32]]


class Predictor(Protocol):
    """What every head answers with; a head's own predictor has more."""

    @property
    def task_type(self) -> ModuleType:
        """Return the task type that it answers."""

    @property
    def page(self) -> folder.Page:
        """Return what is known of the model."""

    def predict(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> pd.DataFrame:
        """Return prediction and confidence of each text, in their order, asked of its context where it has one."""

    def losses(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return what the label of each row [ROWS] costs in nats, and of how many tokens; NaN where it has no loss."""

    def reference(self, examples: Sequence[dict[str, str]]) -> Floats:
        """Return the numbers of made-up rows that a reloaded model must give too."""


def load(model: Path, base: BaseIdentity | None = None, base_folder: Path | None = None) -> Any:
    """Return the predictor of the head in a model folder, on the GPU where there is one.

    The base is the one that the model names: `base` with other weights raises IntegrityError, and so does a file of the
    base, in `base_folder` or where its identity says, whose sha256 is another.
    """
    page = folder.read_page(model)
    if base is not None and base.weights_sha256 != page.base.weights_sha256:
        raise IntegrityError(
            f"the model was tuned from {page.base.id} ({page.base.weights_sha256}), not from {base.id}"
        )
    if page.base.hosted is not None:
        return parts.find("retune.modeling.families", page.family).predictor(page, page.base.hosted)
    needs.check(parts.find("retune.modeling.methods", page.method).NEEDS)
    place = bases.locate(base or page.base, base_folder)
    task_type = parts.find("retune.modeling.task_types", page.task_type)
    return parts.find("retune.modeling.heads", task_type.HEAD).load(page, model, place)
