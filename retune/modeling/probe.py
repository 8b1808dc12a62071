"""The probe: logistic regression on the frozen base's vectors. A strong floor, and where tuning starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

Floats = np.ndarray[Any, np.dtype[np.float32]]
Codes = np.ndarray[Any, np.dtype[Any]]  # classes [rows], or whether a row has each class [rows, classes]
ITERATIONS = 300
NEVER = -1e4  # the bias of a class that no row had
SURE = 5.0  # the bias of a class that every row had, or none, where each is learnt by itself


@dataclass(frozen=True)
class Probe:
    """A linear model: `weight` [classes, width] and `bias` [classes] on pooled vectors."""

    weight: Floats
    bias: Floats
    strength: float  # inverse regularisation, as scikit-learn's C

    def logits(self, vectors: Floats) -> Floats:
        """Return [rows, classes] for [rows, width]."""
        result: Floats = vectors @ self.weight.T + self.bias
        return result

    def state(self) -> dict[str, torch.Tensor]:
        """Return weight and bias as the state of a linear layer."""
        import torch

        return {"weight": torch.from_numpy(self.weight), "bias": torch.from_numpy(self.bias)}


def fit(
    vectors: Floats, codes: Codes, validation: Floats, truth: Codes, classes: int, strengths: Sequence[float]
) -> Probe:
    """Return the probe whose strength answers the validation rows best; the weakest of equals, by loss, is kept."""
    probes = [fitted(vectors, codes, classes, strength) for strength in strengths]
    if len(probes) == 1:
        return probes[0]
    return min(probes, key=lambda probe: _order(probe.logits(validation), truth))


def moved(found: Probe, cuts: Floats) -> Probe:
    """Return a probe whose logits are lower by the cuts [classes]."""
    return replace(found, bias=found.bias - cuts)


def fitted(vectors: Floats, codes: Codes, classes: int, strength: float) -> Probe:
    """Return one probe; a class without a row in `codes` keeps a weight of zero and a bias that never wins.

    Where `codes` [rows, classes] says of each class whether a row has it, each is learnt by itself.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    if codes.ndim == 2:
        return _one_by_one(vectors, codes, strength)
    with threadpool_limits(1):  # other numbers of threads round otherwise, and so small a problem gains nothing
        model = LogisticRegression(C=strength, max_iter=ITERATIONS).fit(vectors, codes)
    weight = np.zeros((classes, vectors.shape[1]), dtype=np.float32)
    bias = np.full(classes, NEVER, dtype=np.float32)
    if len(model.classes_) == 2:  # scikit-learn keeps one row for two classes: that of the second against the first
        weight[model.classes_] = np.stack([-model.coef_[0], model.coef_[0]]) / 2
        bias[model.classes_] = np.stack([-model.intercept_[0], model.intercept_[0]]) / 2
    else:
        weight[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return Probe(weight, bias, strength)


def _one_by_one(vectors: Floats, given: Codes, strength: float) -> Probe:
    """Return one probe of which each class is learnt against all else."""
    bias = np.zeros(given.shape[1], dtype=np.float32)
    weight = np.zeros((given.shape[1], vectors.shape[1]), dtype=np.float32)
    for place, column in enumerate(given.astype(np.int64).T):
        if column.min() == column.max():
            bias[place] = SURE if column.any() else -SURE
            continue
        pair = fitted(vectors, column, 2, strength)
        weight[place], bias[place] = pair.weight[1] - pair.weight[0], pair.bias[1] - pair.bias[0]
    return Probe(weight, bias, strength)


def _order(logits: Floats, truth: Codes) -> tuple[int, float]:
    """Return what is to be small: the errors, then the mean loss over the rows whose class is known."""
    if truth.ndim == 2:
        lost = np.logaddexp(0.0, logits) - truth * logits
        return int(((logits > 0) != (truth > 0)).sum()), float(lost.mean()) if lost.size else 0.0
    known = truth >= 0
    errors = int((logits.argmax(axis=1) != truth).sum())
    shifted = logits[known] - logits[known].max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(known.sum()), truth[known]]
    return errors, float(losses.mean()) if len(losses) else 0.0
