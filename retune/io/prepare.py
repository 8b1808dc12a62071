"""The file to prepare and the files that are prepared: read once, never written over."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from retune.core.errors import UserError
from retune.core.prepare.findings import UnfitFileError
from retune.core.prepare.reading import Read, extension_of, read_rows
from retune.io.files import sync
from retune.io.worker import Worker

RISKY = frozenset({"xlsx"})  # a workbook of 5 kB can take gigabytes to read


def read(path: Path, *, timeout_seconds: float, memory_mb: int) -> tuple[Read, str]:
    """Return the rows of a file and its SHA-256; raises UnfitFileError where it cannot be read as rows."""
    if not path.exists():
        raise UnfitFileError(f"{path} does not exist")
    if not path.is_file():
        raise UnfitFileError(f"{path} is not a file")
    extension = extension_of(path.name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnfitFileError(f"{path} cannot be read: {error.strerror}") from error
    if extension in RISKY:
        return _read_apart(path, timeout_seconds, memory_mb), hashlib.sha256(data).hexdigest()
    return read_rows(data, path.name), hashlib.sha256(data).hexdigest()


def read_item(item: dict[str, str]) -> dict[str, Any]:
    """Read a file in a worker: its rows, or why it has none, as plain values."""
    path = Path(item["path"])
    try:
        return asdict(read_rows(path.read_bytes(), path.name))
    except UnfitFileError as error:
        return {"unfit": str(error)}


def _read_apart(path: Path, timeout_seconds: float, memory_mb: int) -> Read:
    """Read a file in a process with limits."""
    with contextlib.closing(Worker(read_item, timeout_seconds=timeout_seconds, memory_mb=memory_mb)) as worker:
        outcome = worker.call({"path": str(path.absolute())})
    if outcome.failure:
        raise UnfitFileError(f"{path.name} is not valid {path.suffix[1:].upper()}: {outcome.failure}, {outcome.detail}")
    if "unfit" in outcome.value:
        raise UnfitFileError(outcome.value["unfit"])
    return Read(outcome.value["rows"], tuple(outcome.value["notes"]), tuple(outcome.value["warnings"]))


def write_new(folder: Path, stem: str, texts: Mapping[str, str]) -> list[Path]:
    """Write texts to `stem_prepared` + each ending, all under the first number that is free, and return their paths.

    `{}` in an ending is where the number goes: empty at first, then " (1)". A file that stands is never written over,
    even where two commands run at once.
    """
    for number in itertools.count():
        counter = f" ({number})" if number else ""
        paths = {folder / f"{stem}_prepared{ending.format(counter)}": text for ending, text in texts.items()}
        if any(os.path.lexists(path) for path in paths):
            continue
        made: list[Path] = []
        try:
            for path, text in paths.items():
                _write_one(path, text)
                made.append(path)
            return made
        except FileExistsError:
            for path in made:
                path.unlink()
        except OSError as error:
            todo = "Make room, or name a folder that can be written with --into."
            raise UserError(expected=f"to write {path}", found=error.strerror or str(error), todo=todo) from error
    raise UserError(expected="a free name", found="none", todo="Name another folder with --into.")


def _write_one(path: Path, text: str) -> None:
    """Write a file whole under a name that is free; raises FileExistsError where it is not."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="")
        sync(partial)
        os.link(partial, path)  # unlike a rename, it fails where the name is taken
        sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)
