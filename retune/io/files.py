"""Files are written whole or not at all: a temporary name, fsync, rename, fsync of the folder."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from retune.core.frames import VECTOR, arrow_schema

PRIVATE = 0o700


def sync(path: Path) -> None:
    """Force a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_private(folder: Path) -> None:
    """Make a folder that nobody but its owner may look into; one that stands is closed to the others."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(PRIVATE)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; it takes the place of `path` when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with _named(path):
            yield partial
            sync(partial)
            partial.replace(path)
            sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder; it takes the place of `path` when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        with _named(path):
            yield partial
            for entry in [*sorted(partial.rglob("*")), partial]:
                sync(entry)
            _take_place(partial, path)
            sync(path.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let an error of the disk name what was written: a write that fails halfway names no file by itself."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def _take_place(new: Path, old: Path) -> None:
    """Put one folder in the place of another in one step; the other is left under the first one's name."""
    if not old.exists():
        new.replace(old)
        return
    if sys.platform == "linux":
        at_cwd, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
        if ctypes.CDLL(None).renameat2(at_cwd, os.fsencode(new), at_cwd, os.fsencode(old), exchange) == 0:
            return
    shutil.rmtree(old)  # a file system without exchange: for an instant neither stands, and the step runs again
    new.replace(old)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8; a file that holds it already is left as it is."""
    if path.is_file() and path.read_bytes() == text.encode("utf-8"):
        return
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON with sorted keys: the same value is the same bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_frame(path: Path, frame: pd.DataFrame, columns: dict[str, str]) -> None:
    """Write the named columns as Parquet, sorted by all of them from the first: the same rows are the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    keys = [name for name, kind in columns.items() if kind != VECTOR]
    ordered = frame.reindex(columns=list(columns)).sort_values(keys, kind="stable", ignore_index=True)
    table = pa.Table.from_pandas(ordered, schema=arrow_schema(columns), preserve_index=False)
    with whole_file(path) as partial:
        pq.write_table(table.replace_schema_metadata(None), partial, compression="zstd")


def read_frame(path: Path) -> pd.DataFrame:
    """Read a Parquet file; text columns hold `str`, missing text is the empty string."""
    import pyarrow.parquet as pq

    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    return frame


def md5_file(path: Path) -> str:
    """Return the hex MD5 of a file's bytes, by which DVC names it."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
