"""Classification: a text has one label out of those that were seen in training."""

from __future__ import annotations

from retune.core.params import base as settings_base
from retune.modeling.task_types import _one_label

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
UNKNOWN = _one_label.UNKNOWN


class Settings(settings_base.Settings):
    """A classification has no settings of its own."""


labels_of, encode, decode = _one_label.labels_of, _one_label.encode, _one_label.decode
losses, temperature, cuts = _one_label.losses, _one_label.temperature, _one_label.cuts
