"""Which first-party files a step can reach: what it imports, what that imports, and the folders it discovers."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FIRST_PARTY = ("retune", "tasks", "flows")


def file_of(module: str) -> Path | None:
    """Return the file of a first-party module, or None for a package: packages hold no code."""
    path = ROOT / (module.replace(".", "/") + ".py")
    return path if path.is_file() else None


def folder_of(name: str) -> Path | None:
    """Return the folder of a package that is discovered by its name, such as `retune.core.formats`."""
    if not name.startswith("retune.") or not all(part.isidentifier() for part in name.split(".")):
        return None
    path = ROOT / name.replace(".", "/")
    return path if path.is_dir() else None


@cache
def imported(path: Path) -> frozenset[Path]:
    """Return the first-party files that one file imports, in functions too, and the folders that it reads whole."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    by_choice = {id(call.args[0]) for call in _choices(tree)}
    found: set[Path | None] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {file_of(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in FIRST_PARTY:
            found |= {file_of(node.module), *(file_of(f"{node.module}.{alias.name}") for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in by_choice:
            found |= {folder_of(node.value)}
    return frozenset(item for item in found if item is not None)


@cache
def chosen_from(path: Path) -> frozenset[Path]:
    """Return the folders of which one file takes one part by name: `parts.find("retune.modeling.methods", name)`."""
    calls = _choices(ast.parse(path.read_text(encoding="utf-8")))
    names = [str(call.args[0].value) for call in calls if isinstance(call.args[0], ast.Constant)]
    return frozenset(folder for folder in map(folder_of, names) if folder is not None)


def _choices(tree: ast.AST) -> list[ast.Call]:
    """Return the calls that take one part of a folder by its name."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    return [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "find"]


def reachable(*starts: Path) -> set[Path]:
    """Return all files and discovered folders that can be reached from some files, themselves included.

    A file inside a discovered folder counts as the folder.
    """
    seen: set[Path] = set()
    waiting = list(starts)
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        files = sorted(path.glob("*.py")) if path.is_dir() else [path]
        waiting += [item for file in files for item in imported(file)]
    folders = {path for path in seen if path.is_dir()}
    return {path for path in seen if path.is_dir() or path.parent not in folders}
