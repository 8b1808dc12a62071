"""TF-IDF of words and their pairs under a linear SVM, trained in seconds on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NAME = "TF-IDF"
WORD = r"\w+"  # the default drops words of one character, which are words in many scripts


def answer(learnt: pd.DataFrame, asked: pd.DataFrame, _predictor: object) -> list[str]:
    """Return a label for each row that is asked."""
    return tfidf(learnt["text"].tolist(), learnt["label"].tolist(), asked["text"].tolist())


def tfidf(texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]) -> list[str]:
    """Learn from the texts and return a label for each text asked."""
    from sklearn.svm import LinearSVC

    if len(set(labels)) == 1:
        return [labels[0]] * len(asked)
    vectors = words()
    model = LinearSVC(random_state=0).fit(vectors.fit_transform(texts), list(labels))
    return [str(label) for label in model.predict(vectors.transform(asked))]


def words() -> Any:
    """Return what makes vectors of texts."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=WORD)
