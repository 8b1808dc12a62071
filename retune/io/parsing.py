"""What a worker does with one file, and what it answers, as values that JSON can hold."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from retune.core.ingest import Draft, Parsed, Refusal
from retune.core.ingest_formats import parse
from retune.core.params.ingest import ParsingParams


def item_of(path: Path, name: str, sha256: str, settings: ParsingParams) -> dict[str, Any]:
    """Return what a worker needs to know of a file."""
    return {"path": str(path), "name": name, "sha256": sha256, "settings": settings.model_dump()}


def parse_file(item: dict[str, Any]) -> dict[str, Any]:
    """Parse the file that `item_of` described."""
    data = Path(item["path"]).read_bytes()
    if hashlib.sha256(data).hexdigest() != item["sha256"]:
        return as_json(Parsed(reason="corrupt", detail="it changed while it was read"))
    return as_json(parse(data, item["name"], ParsingParams.model_validate(item["settings"])))


def as_json(parsed: Parsed) -> dict[str, Any]:
    """Return what came of a file as plain values."""
    parts = [{"type": type(part).__name__, **asdict(part)} for part in parsed.parts]
    return {"parts": parts, "reason": parsed.reason, "detail": parsed.detail}


def from_json(value: dict[str, Any]) -> Parsed:
    """Return what came of a file from its plain values."""
    kinds: dict[str, type[Draft | Refusal]] = {"Draft": Draft, "Refusal": Refusal}
    parts = [{key: part[key] for key in part if key != "type"} for part in value["parts"]]
    types = [kinds[part["type"]] for part in value["parts"]]
    made = tuple(kind(**part) for kind, part in zip(types, parts, strict=True))
    return Parsed(parts=made, reason=value["reason"], detail=value["detail"])
