"""Whether a model is as sure as it is right: the temperature that makes it so, and how far it still is from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retune.core import parts
from retune.core.resampling import Documents

COLDEST, HOTTEST = 0.05, 20.0
HALVINGS = 60

Floats = NDArray[np.floating[Any]]
Codes = NDArray[np.int64]
YesNo = NDArray[np.bool_]


def losses(logits: Floats, codes: Codes) -> NDArray[np.float64]:
    """Return the cross-entropy of each row in nats, for logits [rows, classes] and the right class of each [rows]."""
    found = logits.astype(np.float64)
    shifted = found - found.max(axis=1, keepdims=True)
    lost: NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(codes)), codes]
    return lost


def temperature(logits: Floats, codes: Codes) -> float:
    """Return the temperature by which logits [rows, classes] are to be divided to fit the classes [rows] best.

    Minimises the negative log-likelihood (Guo et al. 2017, arXiv 1706.04599), whose derivative in 1/T grows with 1/T.
    The targets are softened by 1 / (rows + 2) after Platt (1999): where every row is right, the best would otherwise
    be to claim certainty. A class below 0 is unknown to the model and its row is left out; without rows it is 1.
    """
    known = codes >= 0
    if not known.any():
        return 1.0
    scores, truth = logits[known].astype(np.float64), codes[known]
    softening = 1 / (len(truth) + 2)
    target = (1 - softening) * scores[np.arange(len(truth)), truth] + softening * scores.mean(axis=1)
    low, high = 1 / HOTTEST, 1 / COLDEST
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        expected = (softmax(middle * scores) * scores).sum(axis=1)
        low, high = (middle, high) if (expected - target).mean() < 0 else (low, middle)
    return float(round(1 / high, 6))


def softmax(logits: Floats) -> NDArray[np.float64]:
    """Return the probabilities [rows, classes] of logits [rows, classes]."""
    if not len(logits):
        return np.zeros(logits.shape)
    shifted = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    probabilities: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return probabilities


def report(
    confidence: Floats, before: Floats, right: YesNo, *, temperature: float, documents: Documents, seed: int
) -> dict[str, Any]:
    """Return what metrics.json says of confidences [rows]; `before` are those without the temperature."""
    error = parts.find("retune.core.metrics", "expected_calibration_error")
    low, high = error.bounds(right, confidence, seed, documents)
    return {
        "temperature": temperature,
        "ece": {"value": error.score(right, confidence), "low": low, "high": high},
        "ece_before": error.score(right, before),
        "brier": parts.find("retune.core.metrics", "brier").score(right, confidence),
        "bins": reliability(confidence, right, error.bin_of(confidence), error.BINS),
    }


def reliability(confidence: Floats, right: YesNo, places: Codes, bins: int) -> list[dict[str, float]]:
    """Return mean confidence and accuracy of each bin that has rows; `places` are the bins of the rows."""
    return [
        {
            "low": place / bins,
            "high": (place + 1) / bins,
            "rows": int((places == place).sum()),
            "confidence": float(confidence[places == place].mean()),
            "accuracy": float(right[places == place].mean()),
        }
        for place in np.unique(places).tolist()
    ]
