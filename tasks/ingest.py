"""Turn a folder of files in any format into one table of documents; what cannot be read goes to quarantine."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from retune.core.errors import UserError
from retune.core.frames import DOCUMENTS, FILES, QUARANTINE
from retune.core.ingest import Parsed
from retune.core.ingest_changes import changes
from retune.core.ingest_documents import Tables, counts_of, tables_of
from retune.core.params.ingest import IngestParams
from retune.core.tombstones import Marks, surviving
from retune.io import cache
from retune.io.discovery import discover
from retune.io.documents import Job, drop_unused, job_of, results_of
from retune.io.files import make_private, write_frame, write_json
from retune.io.tombstones import load


def ingest(
    *,
    source: Path,
    tombstones: Path,
    documents: Path,
    files: Path,
    quarantine: Path,
    counts: Path,
    seen: Path,
    params: IngestParams,
) -> None:
    """Write the documents of all files in `source`, one line per file, the quarantine, and the counts.

    What has a tombstone does not come in; it is counted. `seen` tells what only this run knows: times of the files, how
    many were parsed, what changed since the last run. Raises UserError where the folder is missing or empty, where no
    file at all can be read, or where there are tombstones and not the key that they were made with.
    """
    erased = load(tombstones)
    found = discover(source)
    jobs = [job_of(entry, params) for entry in found.entries]
    results, parsed = results_of(jobs, params)
    cached = sum(job.cache_path is not None for job in jobs) - parsed
    kept, untouched, gone = _without_erased(jobs, results, erased)
    tables = tables_of([(job.source, result) for job, result in kept], params)
    summary = counts_of(tables, dict(found.not_considered), erased=(len(jobs) - len(kept), gone) if erased else None)
    _refuse_nothing(tables, source)
    for folder in {path.parent for path in (documents, files, quarantine)}:
        make_private(folder)  # raw text, before anything is redacted
    write_frame(documents, pd.DataFrame(tables.documents), DOCUMENTS)
    write_frame(files, pd.DataFrame(tables.files), FILES)
    write_frame(quarantine, pd.DataFrame(tables.quarantine, columns=list(QUARANTINE)), QUARANTINE)
    write_json(counts, summary.as_dict())
    write_json(seen, {"n_parsed": parsed, "n_from_cache": cached, **_seen([job for job, _ in kept], source)})
    drop_unused(untouched)


def _without_erased(
    jobs: list[Job], results: list[Parsed], erased: Marks
) -> tuple[list[tuple[Job, Parsed]], list[Job], int]:
    """Return what may come in, the files from which nothing was taken, and how many documents were."""
    pairs = list(zip(jobs, results, strict=True))
    if not erased:
        return pairs, jobs, 0
    left = [(job, *surviving(job.source, result, erased)) for job, result in pairs]
    kept = [(job, result) for job, result, _ in left if result is not None]
    untouched = [job for job, result, gone in left if result is not None and not gone]
    return kept, untouched, sum(gone for _, _, gone in left)


def _refuse_nothing(tables: Tables, source: Path) -> None:
    if tables.documents:
        return
    reasons = "; ".join(f"{row['source_path']}: {row['reason']}" for row in tables.files[:10])
    raise UserError(
        expected=f"at least one file in {source} that can be read",
        found=f"{len(tables.files)} files, all in quarantine ({reasons})",
        todo="Add documents in a known format, or correct the limits in corpus.ingest.",
    )


def _seen(jobs: list[Job], source: Path) -> dict[str, Any]:
    """Return the times of the files and what changed since the last run, and remember the state for the next."""
    name = hashlib.sha256(str(source.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    path = cache.location("ingest", "state") / f"{name}.json"
    state = {job.source.path: job.source.sha256 for job in jobs}
    before = cache.read(path) or {}
    cache.store(path, state)
    mtimes = {job.source.path: datetime.fromtimestamp(job.entry.mtime, UTC).isoformat() for job in jobs}
    return {"modified": mtimes, **changes(before, state)}
