"""What several gates look at in a row."""

from __future__ import annotations

import pandas as pd

from retune.core.hashing import prompt_key


def filled(column: pd.Series) -> pd.Series:
    """Return which cells hold more than white space."""
    return column.fillna("").astype(str).str.strip() != ""


def characters(frame: pd.DataFrame) -> pd.Series:
    """Return the length of each text in characters, null for an empty one."""
    lengths = frame["text"].fillna("").astype(str).str.strip().str.len().astype("float64")
    return lengths.where(lengths > 0)


def equal_texts(frame: pd.DataFrame) -> pd.Series:
    """Return each text, and its context, as equality sees it: case, spacing and punctuation do not count."""
    texts, contexts = (frame[name].fillna("").astype(str) for name in ("text", "context"))
    keys = [prompt_key(*prompt) for prompt in zip(texts, contexts, strict=True)]
    return pd.Series(keys, index=frame.index, dtype="str")


def contradictory(frame: pd.DataFrame) -> pd.Series:
    """Return which labelled examples have a twin with the same text and another label."""
    labelled = frame[filled(frame["label"]) & filled(frame["text"])]
    labels = labelled["label"].groupby(equal_texts(labelled)).transform("nunique")
    return (labels > 1).reindex(frame.index, fill_value=False)


def repeated(frame: pd.DataFrame) -> pd.Series:
    """Return which examples repeat the text and the label of one before them.

    Copies on different given sides are not repeats here: the split decides which of them may stay.
    """
    return pd.DataFrame({"text": equal_texts(frame), "label": frame["label"], "side": frame["side"]}).duplicated()


def label_sizes(frame: pd.DataFrame) -> pd.Series:
    """Return how many usable examples share each row's label, null for rows that are not usable themselves.

    Contradictory, repeated and unlabelled examples are rejected for that; training sees none of them.
    """
    usable = filled(frame["label"]) & ~contradictory(frame) & ~repeated(frame)
    sizes = frame["label"].map(frame.loc[usable, "label"].value_counts())
    return sizes.astype("float64").where(usable)
