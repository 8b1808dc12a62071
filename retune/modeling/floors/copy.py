"""The source itself, unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

NAME = "the source copied"


def answer(_learnt: pd.DataFrame, asked: pd.DataFrame, _predictor: object) -> list[str]:
    """Return the text of each row that is asked."""
    return [str(text) for text in asked["text"]]
