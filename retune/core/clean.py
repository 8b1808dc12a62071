"""Text from people outside the pipeline: it loses its personal data, or it is not taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from retune.core.params.redact import RedactParams
from retune.core.redaction import Recognizer, detect, redact

# What a recognizer may raise on a text that it was not made for; a lone surrogate is a ValueError, None has no encode.
NOT_READ = (ValueError, LookupError, ArithmeticError, TypeError, RuntimeError, AttributeError)


def without_personal_data(
    fields: Mapping[str, str], recognizers: Sequence[Recognizer], settings: RedactParams
) -> dict[str, str] | None:
    """Return the fields with placeholders, or None where they cannot be redacted: then nothing of them may be kept.

    None is for text that is no UTF-8, that a recognizer cannot read, or in which a second look still finds something.
    """
    try:
        for text in fields.values():
            text.encode("utf-8")
        clean = redact(fields, recognizers, settings).fields
        left = any(detect(text, recognizers, settings.keep) for text in clean.values())
    except NOT_READ:
        return None
    return None if left else clean
