"""Measure the quality of the documents and what redaction may have missed; keep what falls, with reasons."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from retune.core import corpus_tables
from retune.core.counts import Counts
from retune.core.errors import IntegrityError
from retune.core.frames import DOCUMENTS, REJECTED
from retune.core.gating import document
from retune.core.params.validate import RowRules, ValidateParams
from retune.io.expectations import Table, measure_tables
from retune.io.files import read_frame, write_frame, write_json


def validate(
    *,
    clean: Path,
    findings: Path,
    clusters: Path,
    quarantine_clean: Path,
    accepted: Path,
    rejected: Path,
    measurements: Path,
    data_docs: Path,
    counts: Path,
    params: ValidateParams,
) -> None:
    """Write the documents that may pass, those that may not with their reasons, and what was measured.

    It says no to nothing: that is for the gate, which reads the measurements.
    """
    documents, refused, groups = read_frame(clean), read_frame(quarantine_clean), read_frame(clusters)
    tables = [
        Table("files", corpus_tables.files(documents, refused), "source_path", RowRules()),
        Table("documents", clustered(documents, groups), "document_id", params.rules),
    ]
    of_files, of_documents = measure_tables(tables, docs=data_docs)
    fell = of_documents.rejected
    shown = corpus_tables.overview(documents, refused, read_frame(findings), groups, fell)
    write_frame(accepted, of_documents.accepted, DOCUMENTS)
    write_frame(rejected, fell, REJECTED)
    write_json(measurements, document("documents", of_files.measurements + of_documents.measurements, shown))
    write_json(counts, counted(documents, of_documents.accepted, fell).as_dict())


def clustered(documents: pd.DataFrame, clusters: pd.DataFrame) -> pd.DataFrame:
    """Return the documents with their cluster; IntegrityError if the clusters are those of other documents."""
    if set(documents["document_id"]) != set(clusters["document_id"]):
        raise IntegrityError("validate: clusters and documents do not name the same documents; run deduplicate again")
    return documents.merge(clusters[["document_id", "cluster_id"]], on="document_id", validate="one_to_one")


def counted(documents: pd.DataFrame, accepted: pd.DataFrame, rejected: pd.DataFrame) -> Counts:
    """Count documents: a document that fell for two reasons is one document."""
    reasons = {str(reason): int(rows) for reason, rows in rejected["reason"].value_counts().sort_index().items()}
    fallen = int(rejected["row_id"].nunique())
    return Counts("validate", "documents", len(documents), len(accepted), fallen, details={"reasons": reasons})
