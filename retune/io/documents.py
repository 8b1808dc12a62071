"""A folder of files read as documents: each file parsed once by a worker with limits, then kept by its bytes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache as once
from importlib.metadata import version
from pathlib import Path

import retune.core
from retune.core.ingest import Parsed
from retune.core.ingest_documents import SourceFile
from retune.core.ingest_formats import format_of, formats
from retune.core.language import with_languages
from retune.core.params.ingest import IngestParams
from retune.io import cache
from retune.io.discovery import Entry
from retune.io.files import sha256_file
from retune.io.mapping import map_files
from retune.io.parsing import as_json, from_json, item_of, parse_file
from retune.io.worker import Outcome

MEGABYTE = 2**20
CODE = ("formats/*.py", "ingest*.py", "decoding.py", "language.py", "parts.py", "params/ingest.py")
LIBRARIES = ("charset-normalizer", "lxml", "markdown-it-py", "py3langid", "pyyaml")


@dataclass(frozen=True)
class Job:
    """A file and what is known of it before it is parsed; with a result, it need not be."""

    entry: Entry
    source: SourceFile
    result: Parsed | None = None
    cache_path: Path | None = None


def job_of(entry: Entry, params: IngestParams) -> Job:
    """Look at a file: hash, format, and whether it has to be parsed at all."""
    if entry.reason:
        return Job(
            entry, SourceFile(entry.name, "", entry.size_bytes), Parsed(reason=entry.reason, detail=entry.detail)
        )
    try:
        if entry.size_bytes > params.limits.max_file_mb * MEGABYTE:
            file = SourceFile(entry.name, sha256_file(entry.path), entry.size_bytes)
            detail = f"{entry.size_bytes} bytes, more than {params.limits.max_file_mb} MB"
            return Job(entry, file, Parsed(reason="too_large", detail=detail))
        data = entry.path.read_bytes()
    except OSError as error:
        detail = f"it cannot be opened ({error.strerror})"
        return Job(entry, SourceFile(entry.name, "", entry.size_bytes), Parsed(reason="corrupt", detail=detail))
    key, sha256 = format_of(data, entry.name), hashlib.sha256(data).hexdigest()
    if not data or not key:
        reason, detail = (
            ("unsupported_type", "no format reads such a file") if data else ("empty_file", "it has no bytes")
        )
        return Job(entry, SourceFile(entry.name, sha256, len(data)), Parsed(reason=reason, detail=detail))
    known = formats()[key]
    file = SourceFile(entry.name, sha256, len(data), known.MEDIA_TYPE, key, known.VERSION)
    return Job(entry, file, cache_path=_cache_path(file, params))


def _cache_path(file: SourceFile, params: IngestParams) -> Path:
    """Return where the result of a file is kept: it depends on its bytes, its name, the settings and the code."""
    parts = [file.sha256, file.path, file.parser, file.parser_version, params.parsing.model_dump(), _code()]
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return cache.location("ingest", "parsed") / f"{key}.json"


@once
def _code() -> str:
    """Return a hash of the code and of the libraries that every format uses."""
    root = Path(retune.core.__file__).parent
    digest = hashlib.sha256(json.dumps([version(name) for name in LIBRARIES]).encode())
    for path in sorted(path for pattern in CODE for path in root.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def results_of(jobs: list[Job], params: IngestParams) -> tuple[list[Parsed], int]:
    """Return one result per job, from the cache where it is there, and how many files were parsed."""
    results = [job.result or _kept(job) for job in jobs]
    missing = [index for index, result in enumerate(results) if result is None]
    items = [
        item_of(jobs[i].entry.path.absolute(), jobs[i].source.path, jobs[i].source.sha256, params.parsing)
        for i in missing
    ]
    outcomes = map_files(
        parse_file,
        items,
        workers=params.workers,
        timeout_seconds=params.limits.timeout_seconds,
        memory_mb=params.limits.memory_mb,
    )
    for index, outcome in zip(missing, outcomes, strict=True):
        results[index] = _result(outcome, jobs[index], params)
    return [result for result in results if result is not None], len(missing)


def _kept(job: Job) -> Parsed | None:
    value = cache.read(job.cache_path) if job.cache_path else None
    return None if value is None else from_json(value)


def _result(outcome: Outcome, job: Job, params: IngestParams) -> Parsed:
    """Keep what a worker answered; that it was lost is not kept, since it may depend on the machine."""
    if not outcome.failure:
        parsed = with_languages(from_json(outcome.value))  # here: each worker would load the model for itself
        if job.cache_path:
            cache.store(job.cache_path, as_json(parsed))
        return parsed
    if outcome.failure == "memory":
        return Parsed(reason="corrupt", detail=f"reading it takes more than {params.limits.memory_mb} MB of memory")
    return Parsed(reason="timeout" if outcome.failure == "timeout" else "corrupt", detail=outcome.detail)


def drop_unused(jobs: list[Job]) -> None:
    """Delete what is kept of files that are gone: their text must not outlive them here."""
    used = {job.cache_path.name for job in jobs if job.cache_path}
    for path in cache.location("ingest", "parsed").glob("*"):
        if path.name not in used:
            path.unlink(missing_ok=True)
