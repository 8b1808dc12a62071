"""PDF: the text layer, page by page; a scan has none."""

from __future__ import annotations

import io
from importlib.metadata import version
from typing import Any

from retune.core.decoding import cleaned, readable
from retune.core.ingest import Draft, Part, UnreadableError
from retune.core.params.ingest import ParsingParams

SUFFIXES = frozenset({".pdf"})
MEDIA_TYPE = "application/pdf"
VERSION = f"1+pypdf-{version('pypdf')}"
SIGNATURE = (b"%PDF-", b"")
PAGE_BREAK = "\n\f\n"


def parse(data: bytes, name: str, settings: ParsingParams) -> list[Part]:  # noqa: ARG001 - what every format takes
    """Return the text with a form feed between pages; a password that is empty is no password."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableError("encrypted", "it has a password")
    pages = [page.extract_text().strip() for page in reader.pages]
    if not any(pages):
        raise UnreadableError("no_text", f"no text on {len(pages)} pages; they may be scanned")
    information = reader.metadata
    return [
        Draft(
            text=readable(PAGE_BREAK.join(pages)),
            title=cleaned(_title(information)),
            created=_created(information),
            metadata={"pages": str(len(pages))},
        )
    ]


def _title(information: Any) -> str:
    title = information.title if information else None
    return title.strip() if isinstance(title, str) else ""


def _created(information: Any) -> str:
    """Return the date of creation; a malformed one is none."""
    try:
        created = information.creation_date if information else None
    except ValueError:
        return ""
    return created.isoformat() if created else ""
