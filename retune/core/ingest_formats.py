"""Finds the format of a file by its content, then by its name, and turns the file into documents."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import PurePosixPath
from typing import Protocol, cast

from retune.core import parts
from retune.core.ingest import Parsed, Part, Refusal, UnreadableError
from retune.core.params.ingest import ParsingParams

PACKAGE = "retune.core.formats"
TEMPLATE_SUFFIX = ".erb"
_TEMPLATE_TAG = re.compile(rb"<%.*?%>", re.DOTALL)


class Format(Protocol):
    """What one file in retune/core/formats holds."""

    SUFFIXES: frozenset[str]
    MEDIA_TYPE: str
    VERSION: str
    SIGNATURE: tuple[bytes, bytes]
    """What such a file begins with, and what else its bytes hold; both empty where only the name can tell."""

    def parse(self, data: bytes, name: str, settings: ParsingParams) -> list[Part]:
        """Return the documents of a file, or raise UnreadableError."""


@cache
def formats() -> dict[str, Format]:
    """Return all formats by name."""
    return cast(dict[str, Format], parts.load_all(PACKAGE))


def format_of(data: bytes, name: str) -> str:
    """Return the name of the format that a file is in, by content where that is plain; empty where it is unknown."""
    for key, known in formats().items():
        start, inside = known.SIGNATURE
        if start and data.startswith(start) and inside in data:
            return key
    suffix = PurePosixPath(without_template(name).lower()).suffix
    return next((key for key, known in formats().items() if suffix in known.SUFFIXES), "")


def without_template(name: str) -> str:
    """Return a file name without the suffix of a template: what it makes is what the inner suffix says."""
    return name.removesuffix(TEMPLATE_SUFFIX)


def parse(data: bytes, name: str, settings: ParsingParams) -> Parsed:
    """Turn the bytes of a file into its parts; whatever a library raises becomes a reason."""
    key = format_of(data, name)
    if not key:
        return Parsed(reason="unsupported_type", detail=f"no format reads {PurePosixPath(name).suffix or 'such files'}")
    content = _TEMPLATE_TAG.sub(b"", data) if name.endswith(TEMPLATE_SUFFIX) else data
    try:
        drafts = formats()[key].parse(content, without_template(name), settings)
    except UnreadableError as error:
        return Parsed(reason=error.reason, detail=error.detail)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - for damaged files, libraries raise ten classes, a bare KeyError among them
        # The message is left out: it can hold a piece of the document.
        return Parsed(reason="corrupt", detail=f"reading it as {key} ended with {type(error).__name__}")
    return _checked([_complete(part, key, settings) for part in drafts])


def _complete(part: Part, key: str, settings: ParsingParams) -> Part:
    """Add the format to a draft, or say why its text cannot be taken."""
    if isinstance(part, Refusal):
        return part
    if not part.text.strip():
        return Refusal(part.part, "no_text", "no text was found")
    if len(part.text) > settings.max_text_characters:
        return Refusal(part.part, "too_large", f"{len(part.text)} characters, more than {settings.max_text_characters}")
    known = formats()[key]
    return replace(
        part,
        text=part.text.strip("\n"),
        media_type=part.media_type or known.MEDIA_TYPE,
        parser=part.parser or key,
        parser_version=part.parser_version or known.VERSION,
    )


def _checked(found: list[Part]) -> Parsed:
    """Return the parts; a file of which nothing can be taken, and that has one reason for it, has no parts."""
    if not found:
        return Parsed(reason="no_text", detail="it holds no rows and no text")
    alone = found[0]
    if len(found) == 1 and isinstance(alone, Refusal) and not alone.part:
        return Parsed(reason=alone.reason, detail=alone.detail)
    return Parsed(parts=tuple(found))
