"""A text as drift sees it: the same for the rows that a model learnt from and for those that it meets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from retune.core.deduplication import near_duplicates
from retune.core.hashing import hash64, normalised, sha256_text, unit_interval
from retune.core.language import detect


def described(texts: Sequence[str]) -> pd.DataFrame:
    """Return hash, language, length and distinct words of each text; the words are in alphabetical order."""
    equal = [normalised(text) for text in texts]
    return pd.DataFrame(
        {
            "text_sha256": [sha256_text(text) for text in equal],
            "language": [detect(text) for text in texts],
            "characters": [len(text) for text in texts],
            "words": [" ".join(sorted(set(text.split()))) for text in equal],
        }
    )


def chosen(rows: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """Return at most so many rows: which ones depends on each text and the seed, not on the order."""
    if len(rows) <= most:
        return rows
    places = [unit_interval(key, seed) for key in rows["text_sha256"]]
    return rows.iloc[np.sort(np.argsort(places, kind="stable")[:most])]


def counted_once(rows: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Return one row of each group of texts that share so many of their different words (Jaccard)."""
    ordered = rows.sort_values(["text_sha256", "document_id"], ignore_index=True).drop_duplicates("text_sha256")
    sets = [np.array(sorted({hash64(word) for word in words.split()}), dtype=np.uint64) for words in ordered["words"]]
    groups = near_duplicates(sets, threshold)
    return ordered[[place == group for place, group in enumerate(groups)]].reset_index(drop=True)
