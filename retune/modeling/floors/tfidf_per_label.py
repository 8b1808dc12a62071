"""TF-IDF under one linear SVM per label, for texts that have several labels or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retune.core.targets import labels
from retune.modeling.floors import tfidf

if TYPE_CHECKING:
    import pandas as pd

NAME = "TF-IDF per label"
YES, NO = "yes", "no"


def answer(learnt: pd.DataFrame, asked: pd.DataFrame, _predictor: object) -> list[str]:
    """Return the labels of each row that is asked: those that its own model says yes to."""
    given = [labels.parse(label) for label in learnt["label"]]
    known = sorted({name for names in given for name in names})
    texts, questions = learnt["text"].tolist(), asked["text"].tolist()
    votes = {name: tfidf.tfidf(texts, [YES if name in names else NO for names in given], questions) for name in known}
    return [labels.dump(name for name in known if votes[name][row] == YES) for row in range(len(asked))]
