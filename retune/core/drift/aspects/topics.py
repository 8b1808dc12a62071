"""The shares of topics: reference and window are grouped together by their vectors, so that new topics get a place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retune.core.drift.aspects import _measuring, _words
from retune.core.drift.finding import Cell, Finding
from retune.core.params.monitor import MonitorParams

COLUMNS = ("vector", "words")
TEST, MEASURE = "chi-square over topics, by permutation", "PSI above chance"
WORDS_IN_A_NAME = 4
WORDS_TO_CHOOSE_FROM = 2000


def compare(reference: pd.DataFrame, window: pd.DataFrame, params: MonitorParams) -> Finding:
    """Compare how often each topic occurs; a topic is named by the words that tell it from the others."""
    rows = _measuring.pooled(reference, window)
    vectors = np.stack(rows["vector"].to_list()).astype(np.float64)
    codes, distances = _grouped(rows, vectors, params)
    finding = _measuring.of_cells(reference, window, codes, [str(code) for code in range(codes.max() + 1)], params)
    nearness = dict(zip(window["document_id"], distances[len(reference) :], strict=True))
    names = _names(rows, codes)
    return replace(finding, cells=tuple(_named(cell, names, nearness) for cell in finding.cells))


def _grouped(
    rows: pd.DataFrame, vectors: NDArray[np.float64], params: MonitorParams
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the topic of each pooled row and its distance to the topic's centre.

    The rows are ordered by their text: the start of k-means depends on the order, and the order must not tell the
    window from the reference, or the permutation would not be exact.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    order = np.argsort(rows["text_sha256"].to_numpy(dtype=str), kind="stable")
    topics = min(params.topics, len(np.unique(vectors, axis=0)))
    with threadpool_limits(1):  # other numbers of threads round otherwise
        model = KMeans(topics, n_init=3, random_state=params.seed).fit(vectors[order])
    codes = np.empty(len(rows), dtype=np.int64)
    codes[order] = model.labels_
    return codes, np.linalg.norm(vectors - model.cluster_centers_[codes], axis=1)


def _names(rows: pd.DataFrame, codes: NDArray[np.int64]) -> list[str]:
    """Return a name for each topic; one that no word tells apart has its number."""
    words, occurs = _words.occurrence(rows["words"], WORDS_TO_CHOOSE_FROM)
    found = [_words.distinctive(words, occurs, codes == code, WORDS_IN_A_NAME) for code in range(codes.max() + 1)]
    return [", ".join(name) or f"topic {code}" for code, name in enumerate(found)]


def _named(cell: Cell, names: list[str], nearness: dict[str, float]) -> Cell:
    """Return the topic under its name, the documents nearest to its centre first."""
    documents = tuple(sorted(cell.documents, key=lambda document: (nearness[document], document)))
    return replace(cell, what=names[int(cell.what)], documents=documents)
