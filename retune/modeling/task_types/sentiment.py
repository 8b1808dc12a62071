"""Sentiment: a text has one label that says how it speaks of something, and labels have an order."""

from __future__ import annotations

import pandas as pd

from retune.core.params import base as settings_base
from retune.modeling.task_types import _one_label

HEAD, TARGET = "pooled", "label"
COLUMNS = ("text",)
PRIMARY = "accuracy"
FLOORS = ("probe", "tfidf")
PLOTS = ("confusion", "per_class", "reliability", "learning_curve")
METRICS = ("accuracy", "macro_f1", "matthews")
EXAMPLE = [  # made up
    {"text": "The new coffee machine is a delight, everybody meets there.", "context": ""},
    {"text": "The queue at the canteen is endless and the soup was cold.", "context": ""},
]
UNKNOWN = _one_label.UNKNOWN


POLARITY = {  # how people name the poles; any other label, such as neutral or a number of stars, stands between them
    "very negative": -2, "negative": -1, "neg": -1, "bad": -1, "positive": 1, "pos": 1, "good": 1, "very positive": 2,
}  # fmt: skip


class Settings(settings_base.Settings):
    """A sentiment has no settings of its own."""


def labels_of(train: pd.DataFrame) -> list[str]:
    """Return the labels of the training rows from the most negative to the most positive, then in their alphabet."""
    return sorted(set(train["label"]), key=lambda label: (POLARITY.get(label.casefold().replace("_", " "), 0), label))


encode, decode = _one_label.encode, _one_label.decode
losses, temperature, cuts = _one_label.losses, _one_label.temperature, _one_label.cuts
