"""What predictions for the validation rows score, by the metrics of a task type."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pandas as pd

from retune.core import scoring


def scored(task_type: ModuleType, rows: pd.DataFrame, predictions: Sequence[str]) -> dict[str, float]:
    """Return each metric of a task type for predictions to rows [ROWS]."""
    found = {}
    for name in task_type.METRICS:
        metric = scoring.metric(name)
        found[name] = float(metric.score(*_pairs(task_type, metric, rows, predictions)))
    return found


def values(task_type: ModuleType, rows: pd.DataFrame, predictions: Sequence[str]) -> list[float]:
    """Return what the task type's primary metric gives each prediction to rows [ROWS]."""
    metric = scoring.metric(task_type.PRIMARY)
    return [float(value) for value in metric.values(*_pairs(task_type, metric, rows, predictions))]


def _pairs(
    task_type: ModuleType, metric: ModuleType, rows: pd.DataFrame, predictions: Sequence[str]
) -> tuple[Any, Any]:
    target = scoring.target(task_type.TARGET)
    pairs: tuple[Any, Any] = target.pairs(metric.KIND, list(rows["text"]), list(rows["label"]), list(predictions))
    return pairs
