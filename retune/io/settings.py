"""params.yaml, read and checked: every error at once, each with the place and what was expected there."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import ValidationError

from retune.core.errors import UserError
from retune.core.params.base import Settings

Model = TypeVar("Model", bound=Settings)
CORE_SCHEMA = (  # of YAML 1.2: the kind of a plain word, the characters it may begin with, and how it is written
    ("null", ["~", "n", "N", ""], "~|null|Null|NULL|"),
    ("bool", list("tTfF"), "true|True|TRUE|false|False|FALSE"),
    ("int", list("-+0123456789"), "[-+]?[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+"),
    ("float", list("-+.0123456789"), r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
    ("float", list("-+."), r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
    ("merge", ["<"], "<<"),
)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; a missing, broken or other file raises UserError."""
    todo = f"Restore {path.name} from the template, or correct it."
    try:
        value = yaml.load(path.read_text(encoding="utf-8"), Loader=_OneOfEach)  # noqa: S506 - a safe loader
    except FileNotFoundError as error:
        raise UserError(expected=f"the settings in {path.name}", found="no such file", todo=todo) from error
    except yaml.YAMLError as error:
        raise UserError(expected=f"YAML in {path.name}", found=" ".join(str(error).split()), todo=todo) from error
    if not isinstance(value, dict):
        raise UserError(expected=f"a mapping in {path.name}", found=type(value).__name__, todo=todo)
    return value


class _OneOfEach(yaml.SafeLoader):
    """YAML without code, in which a name stands once: of two models of one name, YAML would silently keep the last.

    Plain words mean what they mean to DVC, which reads YAML 1.2 (its core schema, section 10.3.2): `no` is Norwegian,
    not false, and 1e-3 is a number.
    """

    yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {}  # type: ignore[misc] # so PyYAML has it too

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping; raises where a name stands twice in it."""
        keys = [key for key, _ in node.value if not key.tag.endswith(":merge")]
        names = [self.construct_object(key, deep=True) for key in keys]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"twice in one mapping: {', '.join(twice)}", node.start_mark
            )
        return super().construct_mapping(node, deep)


def _whole_number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    """Return a whole number: 010 is ten, 0o10 and 0x8 are eight."""
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text.lstrip("+-").startswith(("0o", "0x")) else int(text)


for _tag, _first, _pattern in CORE_SCHEMA:
    _OneOfEach.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)
_OneOfEach.add_constructor("tag:yaml.org,2002:int", _whole_number)


def read_section(path: Path, section: str, settings: type[Model]) -> Model:
    """Return the settings in one section such as `corpus.ingest`."""
    value: Any = read_yaml(path)
    for key in section.split("."):
        if not isinstance(value, dict) or key not in value:
            raise UserError(
                expected=f"the section {section} in {path.name}",
                found=f"no {key}",
                todo="docs/configure.md has every setting.",
            )
        value = value[key]
    return checked(value, settings, place=section)


def checked(
    value: Any, settings: type[Model], *, place: str = "", file: str = "params.yaml", page: str = "docs/configure.md"
) -> Model:
    """Return the value as settings; everything that is wrong with it is said in one UserError.

    `file` is where it stands, `page` where it is explained.
    """
    lines = faults_of(value, settings, place)
    if lines:
        raise UserError(
            expected=f"settings that {file} can hold",
            found=f"{len(lines)} wrong: " + "; ".join(lines),
            todo=f"Correct {file}; {page} has every setting.",
        )
    return settings.model_validate(value)


def faults_of(value: Any, settings: type[Settings], place: str) -> list[str]:
    """Return what is wrong with a value as settings, as `place: message`."""
    try:
        settings.model_validate(value)
    except ValidationError as error:
        return [_line(place, settings, item) for item in error.errors()]
    return []


def _line(place: str, settings: type[Settings], error: Any) -> str:
    """Return one error as `place: message`, with the nearest known name for a misspelt key."""
    where = ".".join(str(part) for part in ([place] if place else []) + list(error["loc"]))
    if error["type"] == "extra_forbidden":
        known, name = _known(settings), str(error["loc"][-1])
        close = get_close_matches(name, sorted(known), n=1)
        meant = known[name] if name in known else "".join(close)
        return f"{where}: no such setting" + (f", did you mean {meant}?" if meant else "")
    if error["type"] == "missing":
        return f"{where}: missing"
    if isinstance(error["input"], dict) and "error" in error.get("ctx", {}):  # a contradiction inside: it is said whole
        return f"{where}: {error['ctx']['error']}"
    return f"{where}: {error['msg']}, not {error['input']!r}"


def _known(settings: type[Settings], inside: str = "") -> dict[str, str]:
    """Return the names of all settings of a class and of the classes inside it, each with the section it stands in."""
    found: dict[str, str] = {}
    for name, field in settings.model_fields.items():
        found.setdefault(name, f"{inside}{name}")
        for inner in [field.annotation, *getattr(field.annotation, "__args__", ())]:
            if isinstance(inner, type) and issubclass(inner, Settings):
                found = _known(inner, f"{name}.") | found
    return found
