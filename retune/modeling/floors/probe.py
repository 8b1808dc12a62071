"""The probe: logistic regression on the frozen base's vectors. Where tuning starts, and what it must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NAME = "the probe"


def answer(_learnt: pd.DataFrame, asked: pd.DataFrame, predictor: Any) -> list[str] | None:
    """Return what the probe of the model says to each row, "" for no answer; None for a model that has no probe."""
    if predictor.probe is None:
        return None
    found = predictor.probe_predict(asked["text"].tolist())
    return [str(one) for one in found["prediction"].fillna("").str.strip()]
