"""Markdown, with or without YAML front matter; the markup stays, since it is readable as it is."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

from retune.core.decoding import decode
from retune.core.ingest import Draft, Part, UnreadableError
from retune.core.ingest_dates import iso
from retune.core.ingest_rules import said
from retune.core.params.ingest import ParsingParams

SUFFIXES = frozenset({".md", ".markdown", ".mdown"})
MEDIA_TYPE = "text/markdown"
VERSION = "1"
SIGNATURE = (b"", b"")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def parse(data: bytes, name: str, settings: ParsingParams) -> list[Part]:  # noqa: ARG001 - what every format takes
    """Return the document; its front matter becomes metadata, and an `id` in it the explicit id."""
    decoded = decode(data)
    metadata, body = split_front_matter(decoded.text)
    text = _COMMENT.sub("", body)
    return [
        Draft(
            text=text,
            title=said(metadata, "title") or _first_heading(text),
            created=iso(said(metadata, "created") or said(metadata, "date")),
            explicit_id=said(metadata, "id"),
            metadata={**metadata, **decoded.metadata},
        )
    ]


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """Return the front matter as strings, and the text behind it; what is no mapping belongs to the text."""
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, text
    import yaml

    try:
        values = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        raise UnreadableError("corrupt", f"the front matter is not YAML ({type(error).__name__})") from error
    if not isinstance(values, dict):
        return {}, text if values else text[found.end() :]
    return {str(key): _as_text(value) for key, value in values.items()}, text[found.end() :]


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return ", ".join(_as_text(item) for item in value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return str(value)


def _first_heading(text: str) -> str:
    """Return the first heading, so that a comment in a block of code is not taken for one."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").disable("inline").parse(text)
    starts = (index for index, token in enumerate(tokens) if token.type == "heading_open")
    return tokens[next(starts) + 1].content if any(t.type == "heading_open" for t in tokens) else ""
