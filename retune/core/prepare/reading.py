"""Bytes of a file to rows, by its extension; nothing is guessed that would change what a row says."""

from __future__ import annotations

import codecs
import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from retune.core.parts import load_all
from retune.core.prepare import formats
from retune.core.prepare.findings import UnfitFileError

MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
         (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
LEAST_FIELD = 131_072  # characters; what the csv module allows by itself
LONGEST_FIELD = 2**31 - 1
WIDE = "more cells than the header"


@dataclass(frozen=True)
class Read:
    """The rows of a file, what a person is to know of how they were read, and whether they come from JSON Lines."""

    rows: list[Any]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_jsonl: bool = False


def extension_of(name: str) -> str:
    """Return the extension of a file that can be read; raises UnfitFileError for any other."""
    known = load_all(formats.__name__)
    stem, dot, extension = name.rpartition(".")
    if dot and stem and extension.lower() in known:
        return extension.lower()
    given = f"ends with .{extension}, which cannot be read" if dot and stem else "is missing a file extension"
    names = ", ".join(f".{each.upper()}" for each in ("csv", "tsv", "xlsx", "txt", "json", "jsonl"))
    raise UnfitFileError(f"the file must have one of the extensions {names}; {name} {given}")


def read_rows(data: bytes, name: str) -> Read:
    """Return the rows of a file; raises UnfitFileError where it is not what its extension says."""
    extension = extension_of(name)
    try:
        read: Read = load_all(formats.__name__)[extension].read(data)
    except (ValueError, RecursionError, csv.Error) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UnfitFileError(f"{name} is not valid {extension.upper()}: {why}") from error
    if not read.rows:
        raise UnfitFileError(f"{name} holds no rows")
    return read


def text_of(data: bytes) -> str:
    """Return the text of bytes in UTF-8, or as a byte order mark says; raises ValueError for any other encoding."""
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not text in UTF-8; save the file in UTF-8") from error


def lines_of(text: str) -> list[str]:
    """Return the lines of a text; only line feeds end one, since other marks may stand inside JSON."""
    return text.replace("\r\n", "\n").split("\n")


def separated(data: bytes, separators: str) -> list[dict[str, str]]:
    """Return the rows of a table; of the separators, the one that splits the first line into most cells holds."""
    text = text_of(data)
    csv.field_size_limit(min(max(LEAST_FIELD, len(text)), LONGEST_FIELD))
    header = text.split("\n", 1)[0]
    separator = max(separators, key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True) if row]
    return keyed(rows)


def keyed(rows: list[list[str]]) -> list[dict[str, str]]:
    """Return rows by the names in the first of them; raises ValueError for a name twice and for cells beyond it."""
    if not rows:
        return []
    names = [name.strip() for name in rows[0]]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the column {twice[0]!r} stands twice")
    for number, row in enumerate(rows[1:]):
        if len(row) > len(names):
            raise ValueError(f"row {number} has {len(row)} cells, {WIDE} of {len(names)}")
    return [dict(zip(names, row + [""] * (len(names) - len(row)), strict=True)) for row in rows[1:]]


def load(text: str) -> Any:
    """Return the value of a JSON text; raises ValueError for a key twice and for what no JSON in UTF-8 can hold."""
    value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    if "\\ud" in text.lower():  # an escape that may be half of a character, which no file in UTF-8 can hold
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def json_lines(text: str) -> list[Any]:
    """Return the value of every line that is not empty; raises ValueError that names the first broken line."""
    values = []
    for number, line in enumerate(lines_of(text), 1):
        if line.strip():
            try:
                values.append(load(line))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
    return values


def whole_json(text: str) -> list[Any] | None:
    """Return the rows of a text that is one JSON value, an array or one object; None where it is not one value."""
    try:
        value = load(text)
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, list) else [value]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
