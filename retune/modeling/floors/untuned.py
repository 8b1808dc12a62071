"""The same base before it was tuned, asked as the model is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NAME = "the untuned model"


def answer(_learnt: pd.DataFrame, asked: pd.DataFrame, predictor: Any) -> list[str]:
    """Return what the untuned model says to each row that is asked."""
    found = predictor.untuned().predict(asked["text"].tolist(), asked["context"].tolist())
    return [str(one) for one in found["prediction"].fillna("")]


def losses(asked: pd.DataFrame, predictor: Any) -> tuple[Any, Any]:
    """Return what the label of each row costs the untuned model in nats, and of how many tokens."""
    found: tuple[Any, Any] = predictor.untuned().losses(asked)
    return found
