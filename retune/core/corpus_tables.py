"""What came in and what became of it, as the tables of the corpus report: numbers, ids and paths, never a text."""

from __future__ import annotations

from typing import Any

import pandas as pd

from retune.core.gating import Table

SHOWN_IDS = 4  # of a cluster; its size says how many there are


def files(documents: pd.DataFrame, quarantine: pd.DataFrame) -> pd.DataFrame:
    """Return one row per file [source_path, status]; one with anything in quarantine counts as quarantined."""
    refused = set(quarantine["source_path"])
    paths = sorted(refused | set(documents["source_path"]))
    status = ["quarantined" if path in refused else "accepted" for path in paths]
    return pd.DataFrame({"source_path": paths, "status": status}, dtype="str")


def overview(
    documents: pd.DataFrame,
    quarantine: pd.DataFrame,
    findings: pd.DataFrame,
    clusters: pd.DataFrame,
    rejected: pd.DataFrame,
) -> dict[str, Table]:
    """Return all tables of the corpus report by title."""
    fallen = documents["document_id"].isin(rejected["row_id"])
    kinds = {"media_type": "media type", "parser": "parser", "department": "department", "language": "language"}
    tables = {f"Documents by {title}": came_in(documents, fallen, name, title) for name, title in kinds.items()}
    return tables | {
        "All that came in": totals(documents, quarantine, int(fallen.sum())),
        "Files in quarantine": quarantined(quarantine),
        "Personal data and secrets that were replaced, by type": found(findings),
        "Documents that repeat others": repeated(clusters),
        "Rejected documents by reason": by_reason(rejected),
    }


def totals(documents: pd.DataFrame, quarantine: pd.DataFrame, fallen: int) -> Table:
    """Count files and documents, and what became of them."""
    status = files(documents, quarantine)["status"]
    refused = int((status == "quarantined").sum())
    return {
        "columns": ["what", "came in", "passed on", "rejected", "in quarantine"],
        "rows": [
            ["files", len(status), len(status) - refused, 0, refused],
            ["documents", len(documents), len(documents) - fallen, fallen, 0],
        ],
    }


def came_in(documents: pd.DataFrame, fallen: pd.Series, column: str, title: str) -> Table:
    """Count files and documents, accepted and rejected, by one column."""
    keys = documents[column].mask(documents[column] == "", "not known")
    marked = documents.assign(fallen=fallen)
    rows = [
        [
            str(key),
            int(group["source_path"].nunique()),
            len(group),
            int((~group["fallen"]).sum()),
            int(group["fallen"].sum()),
        ]
        for key, group in marked.groupby(keys, sort=True)
    ]
    return {"columns": [title, "files", "documents", "accepted", "rejected"], "rows": rows}


def quarantined(quarantine: pd.DataFrame) -> Table:
    """List the files in quarantine, why they are there and what to do."""
    columns = ["source_path", "reason", "detail", "todo"]
    return {"columns": ["file", "reason", "what was found", "what to do"], "rows": _rows(quarantine[columns])}


def found(findings: pd.DataFrame) -> Table:
    """Count findings, and the documents that had any, by entity type."""
    counted = findings.groupby("entity_type")["document_id"].agg(["size", "nunique"]).reset_index()
    return {"columns": ["type", "findings", "documents"], "rows": _rows(counted)}


def repeated(clusters: pd.DataFrame) -> Table:
    """List the clusters of more than one document, the largest first."""
    alike = clusters[clusters["cluster_size"] > 1]
    rows: list[list[Any]] = [
        [_some(group["document_id"]), _kinds(group), len(group)] for _, group in alike.groupby("cluster_id")
    ]
    rows.sort(key=lambda row: (-row[2], row[0]))
    return {"columns": ["ids", "kind", "documents"], "rows": rows}


def by_reason(rejected: pd.DataFrame) -> Table:
    """Count rejected documents by reason; one that fell for two reasons is counted under both."""
    counted = rejected.groupby("reason")["row_id"].nunique().reset_index()
    return {"columns": ["reason", "documents"], "rows": _rows(counted)}


def _kinds(group: pd.DataFrame) -> str:
    """Return how the documents of a cluster are alike."""
    kinds = {str(kind).replace("_", " ") for kind in group["kind"]} - {"unique"}
    return ", ".join(sorted(kinds))


def _some(ids: pd.Series) -> str:
    """Return the first ids, and how many more there are."""
    names = sorted(ids)
    more = f" and {len(names) - SHOWN_IDS} more" if len(names) > SHOWN_IDS else ""
    return ", ".join(names[:SHOWN_IDS]) + more


def _rows(frame: pd.DataFrame) -> list[list[Any]]:
    """Return the rows of a frame, sorted, as plain values."""
    return sorted([[cell if isinstance(cell, str) else int(cell) for cell in row] for row in frame.to_numpy()])
