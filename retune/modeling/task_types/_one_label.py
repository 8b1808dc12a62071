"""What the task types share whose answer is one label out of those that were seen in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from retune.core import calibration

UNKNOWN = -100  # the code of a label that was not seen in training: no loss, always counted wrong

Floats = np.ndarray[Any, np.dtype[np.float32]]
Codes = np.ndarray[Any, np.dtype[np.int64]]


def labels_of(train: pd.DataFrame) -> list[str]:
    """Return the labels of the training rows, sorted: their places are the classes of the model."""
    return sorted(set(train["label"]))


def encode(labels: Sequence[str], known: Sequence[str]) -> Codes:
    """Return the class of each label, UNKNOWN for one that the model has not."""
    places = {label: place for place, label in enumerate(known)}
    return np.array([places.get(label, UNKNOWN) for label in labels], dtype=np.int64)


def decode(logits: Floats, known: Sequence[str]) -> pd.DataFrame:
    """Return prediction and confidence, the softmax of the winning class, for logits [rows, classes]."""
    if len(logits) == 0:
        return pd.DataFrame({"prediction": pd.Series(dtype="str"), "confidence": pd.Series(dtype="float64")})
    probabilities = calibration.softmax(logits)
    names = np.array(known, dtype=object)[probabilities.argmax(axis=1)]
    return pd.DataFrame({"prediction": names, "confidence": probabilities.max(axis=1)}).astype({"prediction": "str"})


def losses(logits: Floats, codes: Codes) -> Floats:
    """Return the cross-entropy of each row in nats, NaN where its class is unknown."""
    found = np.full(len(codes), np.nan, dtype=np.float32)
    known = codes >= 0
    found[known] = calibration.losses(logits[known], codes[known])
    return found


def temperature(logits: Floats, codes: Codes) -> float:
    """Return the temperature that makes the classes as sure as they are right."""
    return calibration.temperature(logits, codes)


def cuts(logits: Floats, _codes: Codes) -> Floats:
    """Return what is taken from the logits before a label is chosen: nothing, the highest wins."""
    return np.zeros(logits.shape[1], dtype=np.float32)
