"""The step deduplicate: a cluster for every document, and counts that add up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from retune.core.frames import CLUSTERS, DOCUMENTS
from retune.core.params.deduplicate import DeduplicateParams
from retune.io.files import read_frame, read_json, write_frame
from tasks.deduplicate import deduplicate


def run(folder: Path, texts: dict[str, str]) -> tuple[pd.DataFrame, dict[str, Any]]:
    empty = {name: "" if kind == "string" else 0 for name, kind in DOCUMENTS.items()} | {"explicit_id": False}
    rows = [empty | {"document_id": key, "text": text} for key, text in texts.items()]
    write_frame(folder / "clean.parquet", pd.DataFrame(rows, columns=list(DOCUMENTS)), DOCUMENTS)
    deduplicate(
        clean=folder / "clean.parquet",
        clusters=folder / "clusters.parquet",
        counts=folder / "counts.json",
        params=DeduplicateParams(jaccard_threshold=0.6),
    )
    return read_frame(folder / "clusters.parquet"), read_json(folder / "counts.json")


def test_every_document_has_a_cluster_and_none_is_dropped(tmp_path: Path) -> None:
    found, counts = run(tmp_path, {"b": "Say it again", "a": "say it again!", "c": "or not"})
    assert list(found.columns) == list(CLUSTERS)
    assert found["document_id"].tolist() == ["a", "b", "c"]
    assert found["cluster_size"].tolist() == [2, 2, 1]
    assert (counts["rows_in"], counts["rows_out"], counts["rejected"]) == (3, 3, 0)
    assert counts["details"] == {
        "clusters": 1,
        "exact_duplicates": 2,
        "near_duplicates": 0,
        "largest_share": 0.666667,
    }


def test_no_documents_are_no_error(tmp_path: Path) -> None:
    found, counts = run(tmp_path, {})
    assert len(found) == 0
    assert counts["rows_in"] == 0
