"""One small file per format, made by the libraries that people's programs are made of, and broken ones."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from retune.core.ingest import Draft, Parsed
from retune.core.ingest_formats import parse
from retune.core.params.ingest import ParsingParams

WORDS = "The canteen opens at noon and closes at two on every working day."
TABLE = {"name": "tickets", "match": "tickets/*", "id": "no", "text": ["subject", "body"], "title": "subject",
         "date": "opened"}  # fmt: skip


def settings(**changes: Any) -> ParsingParams:
    values = {"tables": [TABLE], "max_text_characters": 100_000, "max_unpacked_mb": 20}
    return ParsingParams.model_validate({**values, **changes})


def read(data: bytes | str, name: str, **changes: Any) -> Parsed:
    return parse(data.encode() if isinstance(data, str) else data, name, settings(**changes))


def document(data: bytes | str, name: str, **changes: Any) -> Draft:
    """Return the only document of a file."""
    parsed = read(data, name, **changes)
    (draft,) = parsed.parts
    assert isinstance(draft, Draft), draft
    return draft


def docx() -> bytes:
    from docx import Document

    file, buffer = Document(), io.BytesIO()
    file.add_heading("Canteen", level=1)
    file.add_paragraph(WORDS)
    file.add_paragraph("Soup", style="List Bullet")
    hidden = file.add_paragraph("seen ").add_run("unseen")
    hidden.font.hidden = True
    table = file.add_table(rows=2, cols=2)
    for cell, text in zip(
        (cell for row in table.rows for cell in row.cells), ["Day", "Dish", "Monday", "Stew"], strict=True
    ):
        cell.text = text
    file.save(buffer)
    return buffer.getvalue()


def xlsx(rows: list[list[Any]], hidden: list[list[Any]] | None = None) -> bytes:
    from openpyxl import Workbook

    book, buffer = Workbook(), io.BytesIO()
    sheet = book.active
    sheet.title = "Menu"
    for row in rows:
        sheet.append(row)
    if hidden:
        other = book.create_sheet("Drafts")
        other.sheet_state = "hidden"
        for row in hidden:
            other.append(row)
    book.save(buffer)
    return buffer.getvalue()


def pdf(*pages: str, password: str = "", title: str = "") -> bytes:
    """Return a PDF with one line of text on each page; an empty line makes a page without text, as in a scan."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer, buffer = PdfWriter(), io.BytesIO()
    font = DictionaryObject(
        {
            NameObject(key): NameObject(value)
            for key, value in {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}.items()
        }
    )
    for line in pages:
        page = writer.add_blank_page(595, 842)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 50 700 Td ({line}) Tj ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(stream)
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    if title:
        writer.add_metadata({"/Title": title, "/CreationDate": "D:20260203101500Z"})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    writer.write(buffer)
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return buffer.getvalue()


HTML = f"""<!doctype html><html lang="en"><head><title>Canteen</title><meta name="date" content="2026-02-03">
<style>p {{ color: red }}</style></head><body><nav>Home</nav><main><h1>Opening hours</h1><p>{WORDS}</p>
<p style="display: none">unseen</p><script>alert(1)</script><!-- remark -->after the remark
<ul><li>Soup</li></ul><table><tr><th>Day</th><th>Dish</th></tr><tr><td>Monday</td><td>Stew</td></tr></table>
</main><footer>Imprint</footer></body></html>"""

MAIL = f"""Message-ID: <canteen-1@example.org>
Date: Tue, 03 Feb 2026 10:15:00 +0100
From: Ada <ada@example.org>
To: all@example.org
Subject: =?utf-8?q?Canteen_=C3=B6pening?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=X

--X
Content-Type: multipart/alternative; boundary=Y

--Y
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

{WORDS} Caf=E9.
--Y
Content-Type: text/html

<p>the same in colour</p>
--Y--
--X
Content-Type: text/markdown
Content-Disposition: attachment; filename="../menu.md"

# Menu

{WORDS}
--X
Content-Type: image/png
Content-Disposition: attachment; filename="logo.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--X--
"""

VTT = f"""WEBVTT - Weekly meeting

NOTE made by hand

1
00:00:01.000 --> 00:00:04.000
<v Ada>Good morning.</v>

2
00:00:05.000 --> 00:00:08.000 align:start
<v Ada>{WORDS}</v>

00:00:09.000 --> 00:00:10.000
<v Ben><i>Fine</i> &amp; good.</v>
"""

MARKDOWN = f"""---
id: canteen-rules
title: Canteen
date: 2026-02-03
department: facilities
tags: [food, hours]
---
# Opening hours

{WORDS}
<!-- unseen -->
"""


def one_of_each() -> dict[str, bytes]:
    """Return one file per format by name; each holds `WORDS` once in the part that becomes its text."""
    rows = [["Day", "Note"], ["Monday", WORDS]]
    return {
        "a.csv": f"Day;Note\nMonday;{WORDS}\n".encode(),
        "a.docx": docx(),
        "a.eml": MAIL.encode(),
        "a.html": HTML.encode(),
        "a.json": f'{{"note": "{WORDS}"}}'.encode(),
        "a.jsonl": f'{{"day": "Monday", "note": "{WORDS}"}}\n'.encode(),
        "a.md": MARKDOWN.encode(),
        "a.pdf": pdf(WORDS, "Second page", title="Canteen"),
        "a.tsv": f"Day\tNote\nMonday\t{WORDS}\n".encode(),
        "a.txt": WORDS.encode(),
        "a.vtt": VTT.encode(),
        "a.xlsx": xlsx(rows, hidden=[["unseen"]]),
    }
