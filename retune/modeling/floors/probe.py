"""The probe: logistic regression on the frozen base's vectors. Where tuning starts, and what it must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NAME = "the probe"


def answer(_learnt: pd.DataFrame, asked: pd.DataFrame, predictor: Any) -> list[str]:
    """Return what the probe of the model says to each row that is asked; no answer is the empty string."""
    found = predictor.answers(predictor.probe.logits(predictor.vectors(asked["text"].tolist())), calibrated=False)
    return [str(one) for one in found["prediction"].fillna("").str.strip()]
