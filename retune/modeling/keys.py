"""The key under which a training keeps its checkpoints: another input, setting, version or code is another training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "transformers", "peft", "accelerate", "tokenizers", "scikit-learn", "numpy")


def train_key(inputs: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    """Return 24 hex digits for the SHA-256 of each input by name and the settings; this room's code is part of it."""
    code = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(__file__).parent.glob("*.py"))
    }
    versions = {name: version(name) for name in PACKAGES}
    content = json.dumps([dict(inputs), dict(settings), code, versions], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:24]
