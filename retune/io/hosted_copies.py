"""What services hold of rows: models that learnt from them, and uploaded files; found by the registered versions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from retune.core import parts
from retune.core.errors import RetuneError
from retune.core.hosted import Service
from retune.core.hosted_model import HostedModel
from retune.core.params.hosted import HostedParams
from retune.io.hosted import names_of
from retune.io.mlflow_store import database_of, default_uri
from retune.io.originals import Left
from retune.io.registry import Registry, Version

TAG, NAME = "retune.hosted", "retune.hosted_model"  # of a version: what the job made, and its name at the service
AT_THE_SERVICE = "Delete it there."


@dataclass
class Copies:
    """How many were deleted, and what is left, by name."""

    models: int = 0
    files: int = 0
    left: list[Left] = field(default_factory=list)


def tags_of(base: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a version over that base, none where it lies on this machine."""
    found = base.get("hosted")
    return {TAG: json.dumps(found, sort_keys=True), NAME: found["model"]} if found else {}


def of(version: Version | None) -> HostedModel | None:
    """Return what lies with a service of a version, None where nothing does."""
    found = version.tags.get(TAG) if version is not None else None
    return HostedModel(**json.loads(found)) if found else None


def version_named(root: Path, models: Iterable[str], experiment: str, name: str) -> tuple[str, Version] | None:
    """Return model and version whose name at the service that is, None where this registry has none."""
    uri = default_uri(root)
    database = database_of(uri)
    if database is not None and not database.exists():
        return None
    for model in models:
        found = Registry(uri, model, experiment).find(NAME, name)
        if found is not None:
            return model, found
    return None


def erase(found: HostedModel, model: str, services: Mapping[str, HostedParams], *, learnt: bool) -> Copies:
    """Delete at the service the uploaded rows of a version of `model`, and its own model where that has learnt.

    Nothing is sent to a service that the settings do not enable: what lies there is left.
    """
    copies = Copies()
    if not any(one.enabled and one.base_url == found.base_url for one in services.values()):
        why = "no service with this address is enabled"
        copies.left = [Left(found.base_url, 1, f"{found.model} and its rows: {why}", AT_THE_SERVICE)]
        return copies
    try:
        service = parts.find("retune.io.providers", found.provider).connect(found.endpoint)
        _erase_files(service, found, model, copies)
        if learnt:
            service.delete_model(found.model)
            copies.models += 1
    except RetuneError as error:
        copies.left.append(Left(found.base_url, 1, f"{found.model}: {error}", AT_THE_SERVICE))
    return copies


def _erase_files(service: Service, found: HostedModel, model: str, copies: Copies) -> None:
    """Delete the files that the job read, where they are still there."""
    names = set(names_of(model, found.train_sha256, found.validation_sha256))
    for file, name in service.files().items():
        if name in names:
            service.delete_file(file)
            copies.files += 1


def as_counts(copies: Copies) -> dict[str, Any]:
    """Return the copies as plain values."""
    return {**asdict(copies), "left": [asdict(one) for one in copies.left]}
