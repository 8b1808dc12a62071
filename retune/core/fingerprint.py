"""What a model is known by: two trainings with the same fingerprint are the same training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

HASHES = ("md5", "etag", "checksum")  # by which of them DVC knows a file depends on where it lies


def fingerprint(stage: Mapping[str, Any], *, weights_sha256: str, packages_sha256: str) -> str:
    """Return the hex SHA-256 of a train stage (command, settings, dependencies), its base and the locked packages.

    `stage` is the stage's entry in dvc.lock: its dependencies hold the code, so an edited line is another model.
    What the stage wrote is left out: the fingerprint is known before it runs.
    """
    identity = {
        "command": stage["cmd"],
        "params": stage.get("params", {}),
        "dependencies": sorted([entry["path"], hash_of(entry)] for entry in stage.get("deps", [])),
        "weights_sha256": weights_sha256,
        "packages_sha256": packages_sha256,
    }
    return sha256_of(identity)


def hash_of(entry: Mapping[str, Any]) -> str:
    """Return the hash by which DVC knows a dependency or an out."""
    return next((str(entry[name]) for name in HASHES if entry.get(name)), "")


def content_sha256(files: Iterable[tuple[str, str]]) -> str:
    """Return the hex SHA-256 of a folder from the names and hashes of its files: equal bytes, equal value."""
    return sha256_of(sorted(files))


def sha256_of(value: Any) -> str:
    """Return the hex SHA-256 of plain values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode("utf-8")).hexdigest()
