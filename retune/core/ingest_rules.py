"""Department and access label of a document, from the rules and from what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from retune.core.params.ingest import AccessParams, DepartmentParams


def department_of(path: str, metadata: Mapping[str, str], settings: DepartmentParams) -> str:
    """Return the department that the document names, else that of the first rule, else its first folder."""
    stated = said(metadata, "department")
    if stated:
        return stated
    for pattern, department in settings.rules.items():
        if fnmatchcase(path, pattern):
            return department
    folders = PurePosixPath(path).parts[:-1]
    return folders[0] if settings.from_folder and folders else ""


def access_of(path: str, metadata: Mapping[str, str], settings: AccessParams) -> str:
    """Return the most restrictive label of those that the rules and the document state, else the default."""
    labels = [label for pattern, label in settings.rules.items() if fnmatchcase(path, pattern)]
    stated = said(metadata, "access")
    if stated:
        labels.append(stated)
    return settings.levels[max(_level(label, settings.levels) for label in labels or [settings.default])]


def said(metadata: Mapping[str, str], key: str) -> str:
    """Return what the document says under a key, whatever the case of the key's letters."""
    return next((value.strip() for name, value in metadata.items() if name.strip().lower() == key), "")


def _level(label: str, levels: list[str]) -> int:
    """Return how restrictive a label is; an unknown one is as restrictive as can be, so that nothing leaks."""
    names = [level.lower() for level in levels]
    return names.index(label.lower()) if label.lower() in names else len(levels) - 1
