"""DVC's cache and its remotes as stores of objects: what they list, which files they hold, and how one is deleted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CACHE = "cache"
LISTING = ".dir"


@dataclass(frozen=True)
class Store:
    """DVC's cache, or one of its remotes; `folder` is where it lies on this machine, None for one far away."""

    name: str
    folder: Path | None
    database: Any  # of dvc-objects

    def names(self) -> list[str]:
        """Return the MD5 of every object of a store on this machine, `<md5>.dir` for a listing."""
        if self.folder is None:
            return []
        return sorted(path.parent.name + path.name for path in self.folder.glob("[0-9a-f][0-9a-f]/*") if path.is_file())

    def path(self, name: str) -> Path:
        """Return where an object of a store on this machine lies."""
        return Path(self.database.oid_to_path(name))

    def listings(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Yield each listing of a folder: its name, and the path and MD5 of every file in it."""
        for name in self.names():
            if name.endswith(LISTING):
                yield name, entries_of(self.path(name).read_bytes())

    def delete(self, name: str) -> bool:
        """Delete one object and return whether it was there; raises what the store raises."""
        if self.folder is not None:
            there = self.path(name).exists()
            self.path(name).unlink(missing_ok=True)
            return there
        if not self.database.exists(name):
            return False
        self.database.delete(name)
        return True


def entries_of(listing: bytes) -> list[tuple[str, str]]:
    """Return path and MD5 of the files in a listing; one that cannot be read has none."""
    try:
        return [(str(entry["relpath"]), str(entry["md5"])) for entry in json.loads(listing)]
    except (ValueError, LookupError, TypeError):
        return []


def stores(root: Path) -> tuple[list[Store], list[str]]:
    """Return the cache and the remotes, and the names of remotes that cannot be opened, with the reason."""
    from dvc.repo import Repo

    with Repo(str(root)) as repository:
        cache = repository.cache.local
        found, closed = [Store(CACHE, Path(cache.path), cache)], []
        for name in repository.config["remote"]:
            try:
                database = repository.cloud.get_remote_odb(name)
                is_near = database.fs.protocol == "local"
                found.append(Store(name, Path(database.path) if is_near else None, database))
            except Exception as error:  # noqa: BLE001 - plugins and clouds raise their own; the receipt names it
                closed.append(f"{name} ({type(error).__name__})")
    return found, closed


def old_files(found: Iterable[Store], present: dict[str, str]) -> dict[tuple[str, str], Path]:
    """Return (path, MD5) of every file that a listing names and that is not present, and where its object lies."""
    files: dict[tuple[str, str], Path] = {}
    for store in found:
        for _, entries in store.listings():
            for path, md5 in entries:
                if present.get(path) != md5 and store.path(md5).exists():
                    files[(path, md5)] = store.path(md5)
    return files


def listing_any(found: Iterable[Store], gone: set[str]) -> set[str]:
    """Return the listings that name an object that goes: what they describe can no longer be had."""
    return {name for store in found for name, entries in store.listings() if any(md5 in gone for _, md5 in entries)}
