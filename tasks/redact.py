"""Take personal data and secrets out of every document: from here on no file, log or server holds any."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pandas as pd

from retune.core import redaction
from retune.core.counts import Counts
from retune.core.frames import DOCUMENTS, FINDINGS, QUARANTINE
from retune.core.hashing import sha256_text
from retune.core.params.redact import RedactParams
from retune.io.files import read_frame, write_frame, write_json

METADATA = "metadata."
IDENTITY = ("source_path", "document_id")  # replaced as a whole: a path with a placeholder in it would be no identity
Row = dict[Any, Any]


def redact(
    *,
    documents: Path,
    quarantine: Path,
    clean: Path,
    findings: Path,
    quarantine_clean: Path,
    counts: Path,
    params: RedactParams,
) -> None:
    """Write the documents and the quarantine without personal data, and what was found, without its values."""
    recognizers = redaction.load(params)
    rows, found = [], []
    for row in read_frame(documents).to_dict("records"):
        clean_row, row_findings = _clean_document(row, recognizers, params)
        rows.append(clean_row)
        found += row_findings
    refused = [_clean_refusal(row, recognizers, params) for row in read_frame(quarantine).to_dict("records")]
    write_frame(clean, pd.DataFrame(rows, columns=list(DOCUMENTS)), DOCUMENTS)
    write_frame(findings, pd.DataFrame(found, columns=list(FINDINGS)), FINDINGS)
    write_frame(quarantine_clean, pd.DataFrame(refused, columns=list(QUARANTINE)), QUARANTINE)
    write_json(counts, Counts("redact", "documents", len(rows), len(rows), details=_details(found)).as_dict())


def _clean_document(
    row: Row, recognizers: tuple[redaction.Recognizer, ...], params: RedactParams
) -> tuple[Row, list[tuple[Any, ...]]]:
    """Return a row without personal data and its findings; ids and paths that hold some become hashes."""
    metadata = json.loads(row["metadata"] or "{}")
    fields = {"title": row["title"], "text": row["text"], "department": row["department"]}
    fields |= {METADATA + key: metadata[key] for key in sorted(metadata)}
    result = redaction.redact(fields | {name: row[name] for name in IDENTITY}, recognizers, params)
    clean = row | {name: result.fields[name] for name in ("title", "text", "department")}
    values = {key: result.fields[METADATA + key] for key in metadata}
    clean["metadata"] = json.dumps(values, sort_keys=True, ensure_ascii=False)
    clean |= {name: _identity(row[name], result.fields[name]) for name in IDENTITY}
    return clean, [_finding(item, clean) for item in result.findings]


def _identity(raw: str, clean: str) -> str:
    """Return an id or path as it is, or its hash where something was found in it."""
    return raw if raw == clean else f"doc-{sha256_text(raw)[:16]}"


def _finding(item: redaction.Finding, clean: Row) -> tuple[Any, ...]:
    """Return a row of findings; in an id or path, the hash is the placeholder."""
    if item.field not in IDENTITY:
        return (clean["document_id"], *astuple(item))
    identity = clean[item.field]
    return (clean["document_id"], item.field, item.entity_type, 0, len(identity), identity, item.recognizer)


def _clean_refusal(row: Row, recognizers: tuple[redaction.Recognizer, ...], params: RedactParams) -> Row:
    """Return a row of the quarantine without personal data in its path and its words."""
    fields = {name: row[name] for name in ("detail", "todo", "source_path")}
    clean = redaction.redact(fields, recognizers, params).fields
    return row | clean | {"source_path": _identity(row["source_path"], clean["source_path"])}


def _details(found: list[tuple[Any, ...]]) -> Row:
    """Return the findings by type, and how many documents have any."""
    frame = pd.DataFrame(found, columns=list(FINDINGS))
    return {
        "findings": len(frame),
        "findings_by_type": dict(sorted(Counter(frame["entity_type"]).items())),
        "documents_with_findings": int(frame["document_id"].nunique()),
    }
