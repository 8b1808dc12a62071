"""A saved model that answers texts, alike in every process: float32, no dropout, batches by length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch

from retune.core import parts
from retune.core.errors import IntegrityError
from retune.modeling import bases, batches, folder, machine
from retune.modeling.bases import BaseIdentity
from retune.modeling.pooled import PooledClassifier
from retune.modeling.probe import Probe

Floats = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Predictor:
    """Answers texts with labels, as sure as it was right on the validation rows.

    `probe_predict` is the answer of the frozen base under its linear probe.
    """

    module: PooledClassifier
    tokenizer: Any
    task_type: ModuleType
    page: folder.Page
    probe: Probe
    base_folder: Path

    @property
    def labels(self) -> list[str]:
        """Return the labels in the order of the logits' columns."""
        return self.page.labels

    def predict(self, texts: Sequence[str]) -> pd.DataFrame:
        """Return prediction and confidence of each text, in their order."""
        return self.answers(self.logits(texts))

    def answers(self, logits: Floats, *, calibrated: bool = True) -> pd.DataFrame:
        """Return prediction and confidence for logits [texts, labels]; the temperature changes no prediction."""
        tempered = logits / np.float32(self.temperature) if calibrated else logits
        answer: pd.DataFrame = self.task_type.decode(tempered, self.labels)
        return answer

    @property
    def temperature(self) -> float:
        """Return the temperature that was fitted on the validation rows."""
        return self.page.temperature

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return the logits [texts, labels] in float32."""
        return self._compute(self.module, self.module.classify, texts, len(self.labels))

    def probe_predict(self, texts: Sequence[str]) -> pd.DataFrame:
        """Return prediction and confidence of the probe."""
        return self.answers(self.probe.logits(self.vectors(texts)), calibrated=False)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return the vectors [texts, width] of the base as it was before tuning."""
        family = parts.find("retune.modeling.families", self.page.family)
        encoder, _ = family.load(self.base_folder)  # full tuning changed the one in memory
        frozen = PooledClassifier(encoder, family, width := self.probe.weight.shape[1], 1).eval().to(machine.device())
        return self._compute(frozen, frozen.embed, texts, width)

    def _compute(self, module: PooledClassifier, function: Any, texts: Sequence[str], width: int) -> Floats:
        rows = batches.tokenise(self.tokenizer, texts, self.page.max_length)
        left = self.tokenizer.padding_side == "left"
        device = next(module.parameters()).device
        return batches.compute(function, rows, self.tokenizer.pad_token_id, width, left=left, device=device)


def load(model: Path, base: BaseIdentity | None = None, base_folder: Path | None = None) -> Predictor:
    """Return the predictor in a model folder, on the GPU where there is one.

    The base is the one that the model names: `base` with other weights raises IntegrityError, and so does a file of the
    base, in `base_folder` or where its identity says, whose sha256 is another.
    """
    page = folder.read_page(model)
    if base is not None and base.weights_sha256 != page.base.weights_sha256:
        raise IntegrityError(
            f"the model was tuned from {page.base.id} ({page.base.weights_sha256}), not from {base.id}"
        )
    place = bases.locate(base or page.base, base_folder)
    family = parts.find("retune.modeling.families", page.family)
    encoder, tokenizer = family.load(place)
    encoder = parts.find("retune.modeling.methods", page.method).load(encoder, model)
    weight, bias = folder.read_linear(model / folder.HEAD)
    module = PooledClassifier(encoder, family, weight.shape[1], len(page.labels))
    module.head.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
    task_type = parts.find("retune.modeling.task_types", page.task_type)
    probe = folder.read_probe(model, page.probe_strength)
    return Predictor(module.eval().to(machine.device()), tokenizer, task_type, page, probe, place)
