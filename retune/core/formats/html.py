"""HTML pages."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from retune.core.ingest import Draft, Part
from retune.core.ingest_dates import iso
from retune.core.ingest_html import decode_html, main_text, root_of
from retune.core.ingest_rules import said
from retune.core.params.ingest import ParsingParams

if TYPE_CHECKING:
    from lxml.html import HtmlElement

SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
MEDIA_TYPE = "text/html"
VERSION = f"1+lxml-{version('lxml')}"
SIGNATURE = (b"", b"")
DATES = ("date", "dcterms.created", "dc.date", "article:published_time", "created")


def parse(data: bytes, name: str, settings: ParsingParams) -> list[Part]:  # noqa: ARG001 - what every format takes
    """Return the main text of the page; its `meta` elements become metadata."""
    decoded = decode_html(data)
    root = root_of(decoded.text)
    metadata = _meta(root)
    title = " ".join((root.findtext(".//title") or "").split())
    headings = (" ".join(heading.text_content().split()) for heading in root.iter("h1"))
    language = (root.get("lang") or "").split("-")[0].lower()
    return [
        Draft(
            text=main_text(root),
            title=title or next(headings, ""),
            created=iso(next((said(metadata, key) for key in DATES if said(metadata, key)), "")),
            metadata={**metadata, **({"lang": language} if language else {}), **decoded.metadata},
        )
    ]


def _meta(root: HtmlElement) -> dict[str, str]:
    """Return what the page says of itself by name or property."""
    found = {}
    for element in root.iter("meta"):
        key, value = element.get("name") or element.get("property"), element.get("content")
        if key and value:
            found[key] = value
    return found
