"""Classification: a text has one label out of those that were seen in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from retune.core.params import base as settings_base

HEAD, TARGET = "pooled", "label"
COLUMNS = ("text",)
PRIMARY = "accuracy"
FLOORS = ("probe", "tfidf")
PLOTS = ("confusion", "per_class", "reliability", "learning_curve")
METRICS = ("accuracy", "macro_f1", "weighted_f1", "balanced_accuracy", "matthews")
EXAMPLE = [  # made up
    {"text": "The printer on the third floor does not print.", "context": ""},
    {"text": "Please send me last month's invoice again.", "context": ""},
]
UNKNOWN = -100  # the code of a label that was not seen in training: no loss, always counted wrong


class Settings(settings_base.Settings):
    """A classification has no settings of its own."""


def labels_of(train: pd.DataFrame) -> list[str]:
    """Return the labels of the training rows, sorted: their places are the classes of the model."""
    return sorted(set(train["label"]))


def encode(labels: Sequence[str], known: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the class of each label, UNKNOWN for one that the model has not."""
    places = {label: place for place, label in enumerate(known)}
    return np.array([places.get(label, UNKNOWN) for label in labels], dtype=np.int64)


def decode(logits: np.ndarray[Any, np.dtype[np.float32]], known: Sequence[str]) -> pd.DataFrame:
    """Return prediction and confidence, the softmax of the winning class, for logits [rows, classes]."""
    if len(logits) == 0:
        return pd.DataFrame({"prediction": pd.Series(dtype="str"), "confidence": pd.Series(dtype="float64")})
    shifted = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    places = probabilities.argmax(axis=1)
    names = np.array(known, dtype=object)[places]
    return pd.DataFrame({"prediction": names, "confidence": probabilities.max(axis=1)}).astype({"prediction": "str"})
