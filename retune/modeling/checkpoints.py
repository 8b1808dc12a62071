"""Checkpoints are whole or not there: a manifest with the hash of each file is written last, and read first.

transformers resumes from the highest checkpoint even where a kill left it half written, and from one without its
random state silently to another model.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

MANIFEST = "manifest.json"
PREFIX = "checkpoint-"
KEPT = 2  # the newest, and the one before it for when the newest is damaged


def seal(checkpoint: Path) -> None:
    """Force the files of a checkpoint to the disk, then write the manifest that makes it valid, then drop old ones."""
    hashes = _hashes(checkpoint)
    for path in [*_files(checkpoint), *_folders(checkpoint)]:
        _sync(path)
    partial = checkpoint / f".{MANIFEST}"
    partial.write_text(json.dumps(hashes, sort_keys=True), encoding="utf-8")
    _sync(partial)
    partial.replace(checkpoint / MANIFEST)
    _sync(checkpoint)
    for old in _all(checkpoint.parent)[KEPT:]:
        shutil.rmtree(old)


def is_whole(checkpoint: Path) -> bool:
    """Say whether every file is there and is the one that was written."""
    try:
        hashes = json.loads((checkpoint / MANIFEST).read_text(encoding="utf-8"))
        return bool(hashes == _hashes(checkpoint))
    except (OSError, ValueError):
        return False


def newest(folder: Path) -> Path | None:
    """Return the newest whole checkpoint, None where there is none; damaged ones are removed."""
    for checkpoint in _all(folder):
        if is_whole(checkpoint):
            return checkpoint
        shutil.rmtree(checkpoint)
    return None


def _all(folder: Path) -> list[Path]:
    """Return all checkpoints, whole or not, the newest first."""
    return sorted(folder.glob(f"{PREFIX}*"), key=lambda path: -int(path.name.removeprefix(PREFIX)))


def _files(checkpoint: Path) -> list[Path]:
    """Return the files of a checkpoint but for its manifest; optimisers in shards have folders of their own."""
    found = (path for path in checkpoint.rglob("*") if path.is_file())
    return sorted(path for path in found if path.name.removeprefix(".") != MANIFEST)


def _folders(checkpoint: Path) -> list[Path]:
    """Return the folders of a checkpoint, the innermost first, and itself."""
    return [*sorted((path for path in checkpoint.rglob("*") if path.is_dir()), reverse=True), checkpoint]


def _hashes(checkpoint: Path) -> dict[str, str]:
    """Return the hex SHA-256 of each file by its name in the checkpoint."""
    return {path.relative_to(checkpoint).as_posix(): _sha256(path) for path in _files(checkpoint)}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Force a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
