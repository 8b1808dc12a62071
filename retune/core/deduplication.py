"""Documents that say the same, word for word or nearly, found exactly and without comparing all with all.

Near-duplicates share at least a given part of their 5-word runs (shingles) by Jaccard. Two documents that do must share
one of their rarest shingles: of n, the n - ceil(t n) + 1 rarest, and enough must be left after it (the prefix and the
positional filter of Xiao, Wang, Lin, Yu, WWW 2008). Only what passes both is compared: nothing is missed, and nothing
depends on chance or on the order of the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from retune.core.frames import CLUSTERS
from retune.core.hashing import normalised, sha256_text, shingles

Whole = npt.NDArray[np.int64]
Shingles = npt.NDArray[np.uint64]
_ROUNDING = 1e-9  # 0.7 * 10 must not become 8


def clusters_of(documents: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Return the cluster of each document (columns document_id and text), by a Jaccard threshold in (0, 1]."""
    hashes = pd.Series([sha256_text(normalised(text)) for text in documents["text"]], dtype=object)
    texts = dict(zip(hashes, documents["text"], strict=True))
    distinct = sorted(texts)
    groups = near_duplicates([_sorted_shingles(texts[key]) for key in distinct], threshold)
    cluster_ids = hashes.map({key: distinct[group] for key, group in zip(distinct, groups, strict=True)})
    sizes = cluster_ids.map(cluster_ids.value_counts())
    copies = hashes.map(hashes.value_counts())
    kinds = np.select([copies > 1, sizes > 1], ["exact_duplicate", "near_duplicate"], "unique")
    cells = [documents["document_id"].array, hashes, cluster_ids, sizes, kinds]
    return pd.DataFrame(dict(zip(CLUSTERS, cells, strict=True)))


def summary(clusters: pd.DataFrame) -> dict[str, Any]:
    """Return how many documents repeat others, in how many clusters, and the largest cluster's share of all."""
    alike = clusters[clusters["cluster_size"] > 1]
    return {
        "clusters": int(alike["cluster_id"].nunique()),
        "exact_duplicates": int((clusters["kind"] == "exact_duplicate").sum()),
        "near_duplicates": int((clusters["kind"] == "near_duplicate").sum()),
        "largest_share": round(float(alike["cluster_size"].max()) / len(clusters), 6) if len(alike) else 0.0,
    }


def near_duplicates(sets: Sequence[Shingles], threshold: float) -> list[int]:
    """Return, for each sorted array of distinct shingles, the smallest index among those it is chained to."""
    groups = list(range(len(sets)))
    different: set[tuple[int, int]] = set()

    def alike(one: int, other: int) -> bool:
        pair = (min(one, other), max(one, other))
        if pair not in different and jaccard(sets[one], sets[other]) >= threshold - _ROUNDING:
            return True
        different.add(pair)
        return False

    lengths = np.array([len(one) for one in sets], dtype=np.int64)
    for members, left in _sharing_a_rare_shingle(sets, lengths, threshold):
        _join(members, left, lengths[members], threshold, groups, alike)
    return [_first(groups, index) for index in range(len(sets))]


def jaccard(left: Shingles, right: Shingles) -> float:
    """Return the share of the shingles of both that each has; two without any share none."""
    common = len(np.intersect1d(left, right, assume_unique=True))
    return common / max(len(left) + len(right) - common, 1)


def _sorted_shingles(text: str) -> Shingles:
    """Return the hashes of a text's shingles."""
    return np.array(sorted(shingles(text)), dtype=np.uint64)


def _sharing_a_rare_shingle(
    sets: Sequence[Shingles], lengths: Whole, threshold: float
) -> Iterator[tuple[Whole, Whole]]:
    """Yield the sets that have a shingle among their rarest, and how many of their shingles are not rarer than it."""
    if not lengths.sum():
        return
    owners = np.repeat(np.arange(len(sets)), lengths)
    _, names, frequency = np.unique(np.concatenate(sets), return_inverse=True, return_counts=True)
    order = np.lexsort((names, frequency[names], owners))
    rank = np.arange(len(owners)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    is_rare = rank < (lengths - np.ceil(threshold * lengths - _ROUNDING) + 1)[owners]
    rare, left = order[is_rare], (lengths[owners] - rank)[is_rare]
    by_name = np.argsort(names[rare], kind="stable")
    rare, left = rare[by_name], left[by_name]
    ends = np.flatnonzero(np.diff(names[rare])) + 1
    for members, their_left in zip(np.split(owners[rare], ends), np.split(left, ends), strict=True):
        if len(members) > 1:
            yield members, their_left


def _join(
    members: Whole, left: Whole, lengths: Whole, threshold: float, groups: list[int], alike: Callable[[int, int], bool]
) -> None:
    """Join the groups of those members that are alike; what is together already is not compared again."""
    labels = np.array([_first(groups, member) for member in members.tolist()])
    for at in range(1, len(members)):
        if (labels == labels[0]).all():
            return
        needed = threshold / (1 + threshold) * (lengths[:at] + lengths[at])  # common shingles for the threshold
        possible = np.minimum(left[:at], left[at]) >= needed - _ROUNDING
        while (todo := np.flatnonzero(possible & (labels[:at] != labels[at]))).size:
            found = next((other for other in todo.tolist() if alike(int(members[other]), int(members[at]))), None)
            if found is None:
                break
            low, high = sorted((int(labels[found]), int(labels[at])))
            groups[high] = low
            labels[labels == high] = low


def _first(groups: list[int], index: int) -> int:
    """Return the smallest index of a group, shortening the way to it."""
    while groups[index] != index:
        groups[index] = groups[groups[index]]
        index = groups[index]
    return index
