"""The key under which a training keeps its checkpoints: another input, setting, version or code is another training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

JOURNAL = "journal.jsonl"  # in the folder of the key: what the training says of itself while it runs
PACKAGES = ("torch", "transformers", "peft", "accelerate", "tokenizers", "scikit-learn", "numpy")


@dataclass(frozen=True)
class TrainingInputs:
    """The files that a training reads; their names stand in its facts."""

    train: Path
    validation: Path
    base: Path
    task_type: Path
    family: Path
    method: Path

    def sha256(self) -> dict[str, str]:
        """Return the hex SHA-256 of each file by its name here."""
        return {field.name: _sha256(getattr(self, field.name)) for field in fields(self)}

    def key(self, settings: Mapping[str, Any]) -> str:
        """Return 24 hex digits for the SHA-256 of these files and the settings; this room's code is part of it."""
        room = Path(__file__).parent
        code = {path.name: _sha256(path) for path in sorted([*room.glob("*.py"), *room.glob("heads/*.py")])}
        versions = {name: version(name) for name in PACKAGES}
        content = json.dumps([self.sha256(), dict(settings), code, versions], sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()[:24]


def _sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
