"""Word documents."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from retune.core.decoding import cleaned, readable
from retune.core.ingest import Draft, Part
from retune.core.ingest_zip import check_office_file
from retune.core.params.ingest import ParsingParams

SUFFIXES = frozenset({".docx"})
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
VERSION = f"1+python-docx-{version('python-docx')}"
SIGNATURE = (b"PK\x03\x04", b"word/document")
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
"""Holds what a drawing says a second time, for old readers."""
TEMPLATE_DATE = datetime(2013, 12, 23, 23, 15, tzinfo=UTC)
"""The date in the template of python-docx: what was made with it and never dated says this."""
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading ([1-6])", re.IGNORECASE)


def parse(data: bytes, name: str, settings: ParsingParams) -> list[Part]:  # noqa: ARG001 - what every format takes
    """Return the text in reading order, tables as lines of cells, footnotes at the end; hidden runs are dropped."""
    check_office_file(data, settings.max_unpacked_mb)
    from docx import Document

    document = Document(io.BytesIO(data))
    for copy in list(document.element.body.iter(FALLBACK)):
        copy.getparent().remove(copy)
    styles = {style.style_id: style.name or "" for style in document.styles}
    blocks = [*_blocks(document.element.body, styles), *_footnotes(document.part)]
    properties = document.core_properties
    headings = (line.lstrip("# ") for line in blocks if line.startswith("# "))
    return [
        Draft(
            text=readable("\n\n".join(blocks)),
            title=cleaned(properties.title.strip() or next(headings, "")),
            created=_created(properties.created),
            metadata={"keywords": cleaned(properties.keywords)} if properties.keywords else {},
        )
    ]


def _created(created: datetime | None) -> str:
    if created is None:
        return ""
    when = created if created.tzinfo else created.replace(tzinfo=UTC)
    return "" if when == TEMPLATE_DATE else when.isoformat()


def _blocks(parent: Any, styles: dict[str, str]) -> Iterator[str]:
    """Yield paragraphs and tables; the elements themselves, since their wrappers take a minute for a large file."""
    for element in parent:
        if element.tag == f"{W}p":
            text = _paragraph(element)
            if text:
                yield _prefix(element, styles) + text
        elif element.tag == f"{W}tbl":
            rows = [" | ".join(_cell(cell) for cell in row.iter(f"{W}tc")) for row in element.iterchildren(f"{W}tr")]
            if any(row.strip(" |") for row in rows):
                yield "\n".join(rows)
        elif element.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}customXml", f"{W}smartTag"):
            yield from _blocks(element, styles)


def _paragraph(paragraph: Any) -> str:
    """Return the text of a paragraph with its links and insertions; deleted and hidden text is left out."""
    pieces = []
    for element in paragraph.iter(f"{W}t", f"{W}tab", f"{W}br", f"{W}cr", f"{W}noBreakHyphen", f"{W}p"):
        run = element.getparent()
        if element.tag == f"{W}p" and element is not paragraph:
            pieces.append("\n")  # a paragraph of a text box inside this one
        if run.tag != f"{W}r" or run.find(f"{W}rPr/{W}vanish") is not None:
            continue
        tag = element.tag.removeprefix(W)
        pieces.append(element.text or "" if tag == "t" else {"tab": "\t", "noBreakHyphen": "-"}.get(tag, "\n"))
    return "".join(pieces).strip()


def _prefix(paragraph: Any, styles: dict[str, str]) -> str:
    """Return the marks of a heading or of an item in a list."""
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    name = styles.get(style.get(f"{W}val"), "") if style is not None else ""
    found = _HEADING.match(name)
    if found:
        return "#" * int(found[1]) + " "
    if name.lower() == "title":
        return "# "
    return "- " if name.lower().startswith("list") or paragraph.find(f"{W}pPr/{W}numPr") is not None else ""


def _cell(cell: Any) -> str:
    return " ".join(" ".join(_paragraph(paragraph).split()) for paragraph in cell.iterchildren(f"{W}p"))


def _footnotes(part: Any) -> Iterator[str]:
    """Yield the text of footnotes and endnotes."""
    from lxml import etree

    for relation in part.rels.values():
        if relation.reltype.endswith(("/footnotes", "/endnotes")) and not relation.is_external:
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            for note in etree.fromstring(relation.target_part.blob, parser=parser):
                text = " ".join(filter(None, (_paragraph(paragraph) for paragraph in note.iter(f"{W}p"))))
                if text:
                    yield text
