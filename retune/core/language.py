"""The language of a text, the same on every machine."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from retune.core.ingest import Draft, Parsed

UNKNOWN = "und"
MIN_LETTERS = 20  # below, a name or a greeting decides
MAX_CHARACTERS = 5_000  # more changes nothing but the time


def detect(text: str) -> str:
    """Return the ISO 639-1 code of a text, or `und` where it has fewer than 20 letters."""
    sample = text[:MAX_CHARACTERS]
    if sum(character.isalpha() for character in sample) < MIN_LETTERS:
        return UNKNOWN
    return str(_identifier().classify(sample)[0])


def with_languages(parsed: Parsed) -> Parsed:
    """Return what came of a file with the language of each document."""
    parts = [replace(part, language=detect(part.text)) if isinstance(part, Draft) else part for part in parsed.parts]
    return replace(parsed, parts=tuple(parts))


@cache
def _identifier() -> Any:
    """Return the model, limited to the languages that have a code of two letters: the rest is noise in an office."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages([code for code in identifier.labels if len(code) == 2])
    return identifier
