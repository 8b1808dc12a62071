"""Multi-label classification: a text has any of the labels that were seen in training, several of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from retune.core import calibration
from retune.core.params import base as settings_base
from retune.core.targets import labels as target

HEAD, TARGET = "pooled", "labels"
COLUMNS = ("text",)
PRIMARY = "subset_accuracy"
FLOORS = ("probe", "tfidf_per_label")
PLOTS = ("floors", "per_class", "reliability")
METRICS = ("set_micro_f1", "set_macro_f1", "subset_accuracy")
EXAMPLE = [  # made up
    {"text": "The printer does not print and the invoice for its toner is missing.", "context": ""},
    {"text": "When does the canteen open on Friday?", "context": ""},
]
LEAST_ROWS = 5  # of validation that have a label, and that have not: of fewer no threshold is known

Floats = np.ndarray[Any, np.dtype[np.float32]]


class Settings(settings_base.Settings):
    """A multi-label classification has no settings of its own."""


def labels_of(train: pd.DataFrame) -> list[str]:
    """Return all labels of the training rows, sorted: their places are the columns of the model."""
    return sorted({name for label in train["label"] for name in target.parse(label)})


def encode(labels: Sequence[str], known: Sequence[str]) -> Floats:
    """Return which labels each row has [rows, labels], 1 or 0; one that the model has not is left out."""
    places = {name: place for place, name in enumerate(known)}
    codes = np.zeros((len(labels), len(known)), dtype=np.float32)
    for row, label in enumerate(labels):
        codes[row, [places[name] for name in target.parse(label) if name in places]] = 1.0
    return codes


def decode(logits: Floats, known: Sequence[str]) -> pd.DataFrame:
    """Return prediction and confidence for logits [rows, labels]: the labels that are likelier than not.

    The confidence is that of the least sure label, given or not: with it the whole answer is right or wrong.
    """
    names = np.array(known, dtype=object)
    found = [target.dump(names[row > 0]) for row in logits]
    shares = 1 / (1 + np.exp(-np.abs(logits.astype(np.float64))))
    answers = pd.DataFrame({"prediction": found, "confidence": shares.min(axis=1, initial=1.0)})
    return answers.astype({"prediction": "str", "confidence": "float64"})


def losses(logits: Floats, codes: Floats) -> Floats:
    """Return the mean binary cross-entropy over the labels of each row, in nats."""
    found = np.logaddexp(0.0, logits.astype(np.float64)) - codes * logits
    mean: Floats = found.mean(axis=1).astype(np.float32)
    return mean


def temperature(logits: Floats, codes: Floats) -> float:
    """Return the temperature that makes all labels together as sure as they are right."""
    pairs = np.stack([np.zeros(logits.size, dtype=np.float32), logits.ravel()], axis=1)
    return calibration.temperature(pairs, codes.ravel().astype(np.int64))


def cuts(logits: Floats, codes: Floats) -> Floats:
    """Return of each label the logit above which it is given: where its F1 on these rows is the highest."""
    found = [_cut(logits[:, place], codes[:, place] > 0) for place in range(logits.shape[1])]
    return np.array(found, dtype=np.float32)


def _cut(logits: Floats, given: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    """Return the cut of one label, half-way between two rows; 0 where no other is better, or too few rows say so."""
    if min(given.sum(), (~given).sum()) < LEAST_ROWS:
        return 0.0
    order = np.argsort(-logits, kind="stable")
    ranked, found = logits[order], np.cumsum(given[order])
    f1 = 2 * found / (np.arange(1, len(order) + 1) + given.sum())
    f1[:-1][ranked[:-1] == ranked[1:]] = -1.0  # equals cannot be parted
    at_half = int((ranked > 0).sum())
    best = int(f1.argmax())
    if at_half and f1[at_half - 1] >= f1[best]:
        return 0.0
    behind = ranked[best + 1] if best + 1 < len(ranked) else ranked[best] - 2.0
    return float((ranked[best] + behind) / 2)
