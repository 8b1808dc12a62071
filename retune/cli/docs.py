"""The generated parts of the docs: every setting from the params models, and the tree from the files' first sentences.

`python -m retune.cli.docs` writes them, `--check` fails when one is stale.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal, get_args, get_origin

from retune.core import parts
from retune.core.gating import Limit
from retune.core.params.base import Settings
from retune.io.files import write_text
from retune.io.settings import read_yaml

CONFIGURE, README = Path("docs/configure.md"), Path("README.md")
TREE_BEGIN, TREE_END = "<!-- tree: written by `python -m retune.cli.docs` -->", "<!-- /tree -->"
ROOMS = ("flows", "tasks", "retune/cli", "retune/io", "retune/modeling", "retune/core", "retune/core/drift")
PART_KINDS = {
    "Ways to build examples": "retune.core.builders",
    "Task types": "retune.modeling.task_types",
    "Training methods": "retune.modeling.methods",
}
DISCOVERED = (
    "retune/core/formats",
    "retune/core/recognizers",
    "retune/core/gates",
    "retune/core/builders",
    "retune/core/metrics",
    "retune/core/drift/aspects",
    "retune/core/targets",
    "retune/modeling/task_types",
    "retune/modeling/heads",
    "retune/modeling/families",
    "retune/modeling/methods",
    "retune/io/providers",
)


def main() -> int:
    """Write the generated parts, or check that they are what would be written."""
    root, check = Path.cwd(), "--check" in sys.argv[1:]
    stale = []
    for path, text in generated(root).items():
        if (root / path).exists() and (root / path).read_text(encoding="utf-8") == text:
            continue
        stale.append(str(path))
        if not check:
            write_text(root / path, text)
    if check and stale:
        print(f"stale: {', '.join(stale)}; run `python -m retune.cli.docs`", file=sys.stderr)
        return 1
    print(f"docs: {'fresh' if check or not stale else 'wrote ' + ', '.join(stale)}")
    return 0


def generated(root: Path) -> dict[Path, str]:
    """Return each generated file with what it should hold."""
    return {CONFIGURE: configure(root), README: with_tree((root / README).read_text(encoding="utf-8"), tree(root))}


def configure(root: Path) -> str:
    """Return the page of all settings."""
    from retune.project import Project

    head = [
        "# Configure",
        "",
        "Every setting stands in `params.yaml`; there are no hidden defaults. A misspelt, missing or impossible one",
        "stops the run before anything is read, and all that are wrong are named at once. This page is generated from",
        "the models that check them; the last column is what the template sets.",
        "",
    ]
    lines = _sections(Project, "", read_yaml(root / "params.yaml"))
    for title, package in PART_KINDS.items():
        lines += [f"## {title}", ""]
        for name, part in parts.load_all(package).items():
            lines += [f"### `{name}`", "", _sentence(part.__doc__), "", *_rows(_settings_of(part), None)]
    lines += ["## Gates", "", "| gate | what it holds |", "| --- | --- |"]
    lines += [f"| `{name}` | {_sentence(gate.__doc__)} |" for name, gate in parts.load_all("retune.core.gates").items()]
    return "\n".join([*head, *lines]).rstrip() + "\n"


def _settings_of(part: ModuleType) -> type[Settings]:
    """Return the class of a part's own settings."""
    for name in ("Settings", "Options"):
        found = vars(part).get(name)
        if isinstance(found, type) and issubclass(found, Settings) and found.__module__ == part.__name__:
            return found
    return Settings


def _sections(settings: type[Settings], place: str, values: Any) -> list[str]:
    """Return a section's table, then the sections inside it."""
    inner = [(_name(key, field), field) for key, field in settings.model_fields.items()]
    sections = [(name, _inner(field.annotation), field) for name, field in inner]
    lines: list[str] = []
    if any(found is None for _, found, _ in sections) and place:
        lines += [f"## `{place}`", "", _sentence(settings.__doc__), "", *_rows(settings, values)]
    for name, found, _ in sections:
        if found is None:
            continue
        kind, is_map = found
        below = f"{place}.{name}".lstrip(".") + (".<name>" if is_map else "")
        given = (values or {}).get(name) if isinstance(values, dict) else None
        if is_map and isinstance(given, dict):
            given = next(iter(given.values()), None)
        lines += _sections(kind, below, given)
    return lines


def _rows(settings: type[Settings], values: Any) -> list[str]:
    """Return the table of a section's own settings."""
    if not settings.model_fields:
        return ["No settings of its own.", ""]
    lines = ["| setting | meaning | kind | template |", "| --- | --- | --- | --- |"]
    for key, field in settings.model_fields.items():
        name = _name(key, field)
        found = _inner(field.annotation)
        if found is not None:
            continue
        value = values.get(name, "") if isinstance(values, dict) else ""
        cells = [
            f"`{name}`",
            _sentence(field.description),
            f"`{_kind(field.annotation)}`",
            f"`{json.dumps(value, ensure_ascii=False)}`" if value != "" else "",
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]


def _name(key: str, field: Any) -> str:
    """Return a setting's name in the file."""
    return str(field.alias or key)


def _inner(annotation: Any) -> tuple[type[Settings], bool] | None:
    """Return the class of a nested section and whether it is a map of such, or None for a plain setting.

    Limits of gates are plain: there is one per gate, and all have the same few words.
    """
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return annotation, False
    last = [kind for kind in get_args(annotation)[-1:] if kind is not Limit]
    if last and isinstance(last[0], type) and issubclass(last[0], Settings) and annotation.__origin__ is dict:
        return last[0], True
    return None


def _kind(annotation: Any) -> str:
    """Return a type as a reader of YAML writes it: `list of str`, `map of str`, `int or null`."""
    origin, inner = get_origin(annotation), [kind for kind in get_args(annotation) if kind is not Ellipsis]
    if origin is Annotated:
        return _kind(inner[0])
    if origin in (list, tuple, set, frozenset):
        return f"list of {_kind(inner[0])}"
    if origin is dict:
        return f"map of {_kind(inner[-1])}"
    if origin is Literal:
        return " or ".join(str(value) for value in inner)
    if origin is not None:
        return " or ".join(_kind(kind) for kind in inner)
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return "{" + ", ".join(annotation.model_fields) + "}"
    return {type(None): "null", Any: "any value"}.get(annotation) or str(getattr(annotation, "__name__", annotation))


def _sentence(text: str | None) -> str:
    """Return a docstring's first sentence or field's description on one line."""
    return " ".join((text or "").split("\n\n", 1)[0].split())


def tree(root: Path) -> str:
    """Return the tree of the rooms with the first sentence of each file; discovered folders are one line."""
    lines = []
    for room in ROOMS:
        lines.append(f"{room + '/':36} {_first(root / room / '__init__.py')}")
        lines += [_line(file) for file in sorted((root / room).glob("*.py")) if file.name != "__init__.py"]
        for folder in [folder for folder in DISCOVERED if str(Path(folder).parent) == room]:
            names = ", ".join(parts.names(folder.replace("/", ".")))
            lines.append(f"  {Path(folder).name + '/':34} {_first(root / folder / '__init__.py')} {names}")
    return "\n".join(lines)


def _line(file: Path) -> str:
    """Return one file's line."""
    return f"  {file.name:34} {_first(file)}"


def _first(file: Path) -> str:
    """Return the first sentence of a file's docstring."""
    return _sentence(ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))))


def with_tree(readme: str, text: str) -> str:
    """Return the README with the tree between its marks."""
    before, _, rest = readme.partition(TREE_BEGIN)
    _, _, after = rest.partition(TREE_END)
    return f"{before}{TREE_BEGIN}\n```text\n{text}\n```\n{TREE_END}{after}"


if __name__ == "__main__":
    sys.exit(main())
