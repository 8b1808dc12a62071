"""Files and their parts as the tables that ingest writes; every file and every part ends in exactly one of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from retune.core.counts import Counts
from retune.core.ingest import TODOS, Draft, Parsed, Refusal
from retune.core.ingest_rules import access_of, department_of
from retune.core.params.ingest import IngestParams

Row = dict[str, Any]


@dataclass(frozen=True)
class SourceFile:
    """A file as it was found; path relative to the source, with slashes."""

    path: str
    sha256: str
    size_bytes: int
    media_type: str = ""
    parser: str = ""
    parser_version: str = ""


@dataclass
class Tables:
    """The rows of the tables, by name of the table."""

    documents: list[Row] = field(default_factory=list)
    files: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    parts_in: Counter[str] = field(default_factory=Counter)
    parts_refused: Counter[str] = field(default_factory=Counter)


def tables_of(found: Iterable[tuple[SourceFile, Parsed]], params: IngestParams) -> Tables:
    """Return the tables; of two documents with the same id, the one whose path comes first keeps it."""
    tables = Tables()
    owners: dict[str, str] = {}
    for source, parsed in sorted(found, key=lambda pair: pair[0].path):
        documents: list[Row] = []
        refused = [Refusal("", parsed.reason, parsed.detail)] if parsed.reason else []
        for part in parsed.parts:
            tables.parts_in[_unit(part.part)] += 1
            outcome = _taken(part, source, owners, params) if isinstance(part, Draft) else part
            if isinstance(outcome, Refusal):
                tables.parts_refused[_unit(part.part)] += 1
                refused.append(outcome)
            else:
                documents.append(outcome)
        if not documents and not parsed.reason:
            first = refused[0]
            detail = first.detail if len(refused) == 1 else f"none of its {len(refused)} parts can be taken"
            refused = [Refusal("", first.reason, detail), *(part for part in refused if part.part)]
        tables.documents += documents
        tables.quarantine += [_quarantined(refusal, source) for refusal in refused]
        tables.files.append(_file(source, documents, refused))
    return tables


def counts_of(tables: Tables, not_considered: dict[str, int], erased: tuple[int, int] | None = None) -> Counts:
    """Return the counts in files; the details count rows of tables and attachments, which add up likewise.

    `erased` is how many whole files and how many documents a tombstone kept out; such a file counts as rejected.
    """
    reasons = Counter(row["reason"] for row in tables.files if row["reason"])
    details = {
        "documents": len(tables.documents),
        "documents_by_media_type": dict(Counter(row["media_type"] for row in tables.documents)),
        "documents_by_kind": dict(Counter(row["kind"] for row in tables.documents)),
        "quarantine_lines": len(tables.quarantine),
        "quarantined_by_reason": dict(reasons),
        "not_considered": not_considered,
        "parts": {unit: _part_counts(tables, unit) for unit in sorted(tables.parts_in)},
    }
    files, documents = erased or (0, 0)
    if erased is not None:
        details["erased"] = {"files": files, "documents": documents}
    accepted = sum(row["status"] == "accepted" for row in tables.files)
    return Counts("ingest", "files", len(tables.files) + files, accepted, files, sum(reasons.values()), details)


def _part_counts(tables: Tables, unit: str) -> dict[str, int]:
    """Return how many parts of one kind came in, became documents and went to quarantine, checked to add up."""
    documents = sum(_unit(row["part"]) == unit for row in tables.documents)
    counts = Counts("ingest", unit, tables.parts_in[unit], documents, 0, tables.parts_refused[unit])
    return {"rows_in": counts.rows_in, "rows_out": counts.rows_out, "quarantined": counts.quarantined}


def _unit(part: str) -> str:
    return part.partition("=")[0] or "whole"


def _taken(draft: Draft, source: SourceFile, owners: dict[str, str], params: IngestParams) -> Row | Refusal:
    """Return the document, or a refusal where another one has its id."""
    document_id = (draft.explicit_id or source.path) + draft.id_suffix
    place = f"{source.path}#{draft.part}" if draft.part else source.path
    owner = owners.setdefault(document_id, place)
    if owner != place:
        return Refusal(draft.part, "duplicate_id", f"its id belongs to {owner}")
    return {
        "document_id": document_id,
        "explicit_id": bool(draft.explicit_id),
        "source_path": source.path,
        "source_sha256": source.sha256,
        "size_bytes": source.size_bytes,
        "media_type": draft.media_type,
        "title": draft.title,
        "text": draft.text,
        "language": draft.language,
        "created": draft.created,
        "department": department_of(source.path, draft.metadata, params.departments),
        "access_label": access_of(source.path, draft.metadata, params.access),
        "parser": draft.parser,
        "parser_version": draft.parser_version,
        "kind": draft.kind,
        "metadata": json.dumps(draft.metadata, ensure_ascii=False, sort_keys=True),
        "part": draft.part,
    }


def _quarantined(refusal: Refusal, source: SourceFile) -> Row:
    return {
        "source_path": f"{source.path}#{refusal.part}" if refusal.part else source.path,
        "source_sha256": source.sha256,
        "size_bytes": source.size_bytes,
        "media_type": source.media_type,
        "reason": refusal.reason,
        "detail": refusal.detail,
        "todo": TODOS[refusal.reason],
    }


def _file(source: SourceFile, documents: list[Row], refused: list[Refusal]) -> Row:
    return {
        "source_path": source.path,
        "source_sha256": source.sha256,
        "size_bytes": source.size_bytes,
        "media_type": source.media_type,
        "parser": source.parser,
        "parser_version": source.parser_version,
        "documents": len(documents),
        "status": "accepted" if documents else "quarantined",
        "reason": "" if documents else refused[0].reason,
    }
