"""The files in a folder: regular files inside it, and what there is besides."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from retune.core.errors import UserError

HIDDEN = "hidden"


@dataclass(frozen=True)
class Entry:
    """Something that lies in the folder; with a reason, it is not to be opened."""

    path: Path
    name: str  # relative to the folder, with slashes, as text that UTF-8 can hold
    size_bytes: int = 0
    mtime: float = 0.0
    reason: str = ""
    detail: str = ""


@dataclass
class Found:
    """All entries of a folder in the order of their names, and what was left aside, counted."""

    entries: list[Entry] = field(default_factory=list)
    not_considered: Counter[str] = field(default_factory=Counter)


def discover(source: Path) -> Found:
    """List a folder; hidden files and folders are counted, links out of it are entries with a reason.

    Raises UserError where there is no such folder or nothing in it.
    """
    todo = f"Put your documents into {source}, or name their source: make source FROM=FOLDER_OR_URL."
    if not source.is_dir():
        raise UserError(expected=f"a folder with documents at {source}", found="no such folder", todo=todo)
    found = Found()
    root = source.resolve()
    for path in _walk(source, found.not_considered):
        found.entries.append(_entry(path, source, root))
    found.entries.sort(key=lambda entry: entry.name)
    if not found.entries:
        hidden = sum(found.not_considered.values())
        raise UserError(expected=f"documents in {source}", found=f"no file ({hidden} hidden ones)", todo=todo)
    return found


def _walk(folder: Path, not_considered: Counter[str]) -> Iterator[Path]:
    """Yield everything but folders, without following links."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                not_considered[HIDDEN] += 1
            elif entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), not_considered)
            else:
                yield Path(entry.path)


def _entry(path: Path, source: Path, root: Path) -> Entry:
    name = path.relative_to(source).as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if path.is_symlink():
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):
            return Entry(path, name, reason="link_outside", detail="the link leads nowhere")
        if not target.is_relative_to(root):
            return Entry(path, name, reason="link_outside", detail="the link leads out of the folder")
        if target.is_dir():
            return Entry(path, name, reason="link_outside", detail="a link to a folder is not followed")
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        return Entry(path, name, reason="unsupported_type", detail="it is no regular file but a pipe, socket or device")
    return Entry(path, name, status.st_size, status.st_mtime)
