"""What changed in a folder since it was last seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Any]:
    """Compare two states of a folder, given as path -> sha256, and return sorted lists of paths.

    A path that is gone and a new one with the same content are one renamed file, paired in the order of their names.
    """
    gone, new = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
    by_content: dict[str, list[str]] = defaultdict(list)
    for path in reversed(gone):
        by_content[before[path]].append(path)
    renamed = [(by_content[after[path]].pop(), path) for path in new if by_content[after[path]]]
    moved_from, moved_to = {source for source, _ in renamed}, {target for _, target in renamed}
    return {
        "added": [path for path in new if path not in moved_to],
        "changed": sorted(path for path in before.keys() & after.keys() if before[path] != after[path]),
        "removed": [path for path in gone if path not in moved_from],
        "renamed": [{"from": source, "to": target} for source, target in renamed],
    }
