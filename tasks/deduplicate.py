"""Say which documents repeat others: none is dropped here, the split keeps them on one side and a gate counts them."""

from __future__ import annotations

from pathlib import Path

from retune.core import deduplication
from retune.core.counts import Counts
from retune.core.frames import CLUSTERS
from retune.core.params.deduplicate import DeduplicateParams
from retune.io.files import read_frame, write_frame, write_json


def deduplicate(*, clean: Path, clusters: Path, counts: Path, params: DeduplicateParams) -> None:
    """Write the cluster of every document."""
    found = deduplication.clusters_of(read_frame(clean), params.jaccard_threshold)
    write_frame(clusters, found, CLUSTERS)
    details = deduplication.summary(found)
    write_json(counts, Counts("deduplicate", "documents", len(found), len(found), details=details).as_dict())
