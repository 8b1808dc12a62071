"""The documents where they were written: read to find what goes, and rid of it, row by row or file by file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from retune.core.cutting import NotEditableError, cut
from retune.core.forget import Target
from retune.core.ingest import Parsed
from retune.core.ingest_documents import SourceFile
from retune.core.params.ingest import IngestParams, ParsingParams
from retune.core.tombstones import Marks, surviving
from retune.io.discovery import Entry, discover
from retune.io.documents import job_of, results_of
from retune.io.files import sync, whole_file
from retune.io.source import FOLDER, Source, listing

TO_DELETE_BY_HAND = "Take it out by hand, then give the same command again."


@dataclass(frozen=True)
class Read:
    """Files as ingest reads them, each with its path below the folder and where it lies."""

    files: tuple[tuple[SourceFile, Parsed], ...] = ()
    places: tuple[Path, ...] = ()

    @property
    def unread(self) -> set[tuple[str, str]]:
        """Return path and SHA-256 of the files that no format reads: only these could be looked at."""
        return {(file.path, file.sha256) for file, parsed in self.files if not parsed.parts}


@dataclass(frozen=True)
class Left:
    """What could not be taken out of a place, why, and what a person has to do."""

    place: str
    files: int
    why: str
    todo: str = TO_DELETE_BY_HAND


def folders_of(root: Path, source: Source) -> list[Path]:
    """Return the folders on this machine where documents stand: a local source, and data/."""
    local = [(root / source.location).resolve()] if source.is_local else []
    return [folder for folder in [*local, root / FOLDER] if folder.is_dir() and any(folder.iterdir())]


def read_folder(folder: Path, params: IngestParams) -> Read:
    """Read a folder as ingest does."""
    return _read([entry for entry in discover(folder).entries if not entry.reason], params)


def read_objects(objects: Mapping[tuple[str, str], Path], params: IngestParams) -> Read:
    """Read files of earlier states of the data, given as (path, MD5) -> where the bytes lie."""
    entries = [Entry(place, path, place.stat().st_size) for (path, _), place in sorted(objects.items())]
    return _read(entries, params)


def _read(entries: list[Entry], params: IngestParams) -> Read:
    """Parse files, from the cache where it knows them."""
    jobs = [job_of(entry, params) for entry in entries]
    results, _ = results_of(jobs, params)
    return Read(
        tuple((job.source, result) for job, result in zip(jobs, results, strict=True)),
        tuple(entry.path for entry in entries),
    )


def erase_from(folder: Path, target: Target, params: IngestParams, *, erase: bool) -> tuple[dict[str, int], list[Left]]:
    """Take out of a folder what goes, and return how many files and rows that was and what could not be done.

    Without `erase`, it is only counted. Files are looked at as they are now: a second call finds nothing.
    """
    counts, left, marks = {"files": 0, "rows": 0}, list[Left](), Marks(target.marks)
    read = read_folder(folder, params)
    for (file, parsed), place in zip(read.files, read.places, strict=True):
        rest, gone = surviving(file, parsed, marks)
        if rest is parsed:
            continue
        try:
            if rest is None:
                counts["files"] += 1
                if erase:
                    _unlink(place, folder)
            else:
                counts["rows"] += gone
                after = _cut(place, file, parsed, rest, params.parsing)
                if erase:
                    _replace(place, folder, after)
        except (NotEditableError, OSError) as error:
            why = (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
            left.append(Left(f"{folder}/{file.path}", 1, why))
            counts["rows" if rest is not None else "files"] -= gone if rest is not None else 1
    return counts, left


def _cut(place: Path, file: SourceFile, parsed: Parsed, rest: Parsed, settings: ParsingParams) -> bytes:
    """Return the bytes of a table without the rows that go."""
    data = place.read_bytes()
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise NotEditableError("it changed while it was read")
    kept = {part.part for part in rest.parts}
    return cut(data, file.path, {part.part for part in parsed.parts} - kept, settings)


def _replace(place: Path, folder: Path, data: bytes) -> None:
    """Put a file in the place of another, with its rights; one without a row left is deleted."""
    if not data:
        _unlink(place, folder)
        return
    target = place.resolve() if place.is_symlink() else place
    mode = target.stat().st_mode & 0o777
    with whole_file(target) as partial:
        partial.write_bytes(data)
        partial.chmod(mode | 0o200)


def _unlink(place: Path, folder: Path) -> None:
    """Delete a file, what a link inside the folder leads to as well, and the folders that are empty then."""
    for path in {place, place.resolve()} if place.resolve().is_relative_to(folder.resolve()) else {place}:
        path.unlink(missing_ok=True)
    above = place.parent
    while above != folder and not any(above.iterdir()):
        above.rmdir()
        above = above.parent
    if above.exists():
        sync(above)


def present(folders: Iterable[Path]) -> dict[str, str]:
    """Return the MD5 of every file of folders as they are now, by its path."""
    found: dict[str, str] = {}
    for folder in folders:
        found |= listing(folder)
    return found
