"""What a step may keep to save time: deleting all of it changes no byte of any output.

An entry is verified when it is read. What is damaged, missing or unreadable counts as not there, and a cache that
cannot be written costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from retune.io.files import PRIVATE

STATE_VARIABLE = "RETUNE_STATE"


def state() -> Path:
    """Return the folder of everything that is neither input nor output: `RETUNE_STATE`, else `.retune`."""
    return Path(os.environ.get(STATE_VARIABLE) or ".retune")


def location(step: str, key: str) -> Path:
    """Return where a step keeps what belongs to a key, without making it."""
    return state() / "cache" / step / key


def folder(step: str, key: str) -> Path:
    """Make and return a step's folder for a key; nobody but the owner may look into it."""
    path = location(step, key)
    _make_private(path)
    return path


def store(path: Path, value: Any) -> bool:
    """Keep a value that JSON can hold; return whether it worked, since a full disk must not stop the step."""
    body = json.dumps(value, sort_keys=True).encode("ascii")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        _make_private(path.parent)
        partial.write_bytes(_digest(body) + b"\n" + body)
        partial.replace(path)
    except OSError:
        return False
    return True


def read(path: Path) -> Any | None:
    """Return the value that was kept, or None where there is none or it is not the one that was written."""
    try:
        digest, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return json.loads(body) if digest == _digest(body) else None


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode("ascii")


def _make_private(path: Path) -> None:
    """Make a folder and, where they are missing, those above it, each for the owner alone."""
    for missing in [p for p in [*reversed(path.parents), path] if not p.exists()]:
        missing.mkdir(mode=PRIVATE, exist_ok=True)
