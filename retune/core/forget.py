"""A deletion request, everything by which what it asks for is known, and which rows of which tables that takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from retune.core.identifiers import Mark, mark_of
from retune.core.ingest import Parsed
from retune.core.ingest_documents import SourceFile
from retune.core.tombstones import (
    CONTENT,
    DOCUMENT,
    FILE,
    SOURCE,
    Marks,
    Piece,
    content_of,
    gone_of,
    names_of,
    pieces_of,
)


@dataclass(frozen=True)
class Request:
    """What a person asks to be deleted; of the three, one is given."""

    documents: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    only_versions: bool = False  # the documents stay: only the versions that learnt from them are withdrawn

    @property
    def kind(self) -> str:
        """Return which of the three it is."""
        kind = "document" if self.documents else "person" if self.persons else "source"
        return f"{kind}, versions only" if self.only_versions else kind

    @property
    def marks(self) -> frozenset[Mark]:
        """Return what the request itself says, each in one spelling; raises UserError for an unclear identifier."""
        sources = [path.strip("/").removeprefix("data/") for path in self.sources]
        return frozenset(
            [(DOCUMENT, name) for name in self.documents]
            + [(SOURCE, path) for path in sources]
            + [mark_of(person) for person in self.persons]
        )


@dataclass(frozen=True)
class Taken:
    """What of one file goes: some rows (`row=3`), or with no parts named the whole file."""

    path: str
    sha256: str
    parts: tuple[str, ...]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Target:
    """Everything by which what goes is known in the tables that came of it."""

    marks: frozenset[Mark] = frozenset()
    documents: frozenset[str] = frozenset()  # ids, and the names that redaction gave them
    paths: frozenset[str] = frozenset()  # of files that go whole, likewise
    examples: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()  # `content_of` texts after redaction

    @cached_property
    def _marks(self) -> Marks:
        return Marks(self.marks)

    def takes(self, row: Mapping[str, Any]) -> bool:
        """Tell whether a row of any table goes.

        A row that names its document goes by that: another document may have the same example, or the same text once
        personal data is out of both. Other rows go by their example, or by the text that a document had.
        """
        path = str(row.get("source_path") or "").partition("#")[0]
        ids = {row.get("document_id"), row.get("row_id")}
        if ids & self.documents or path in self.paths:
            return True
        texts = [value for value in row.values() if isinstance(value, str) and value]
        known = content_of(str(row.get("text") or "")) if self.texts or CONTENT in self._marks.kinds else ""
        if self._marks.speaks_of(texts) or self._marks.has(CONTENT, known):
            return True
        if row.get("document_id") and not row.get("answer_id"):
            return False
        return known in self.texts or bool({row.get("example_id"), row.get("row_id")} & self.examples)

    def with_rows(self, rows: Iterable[Mapping[str, Any]]) -> Target:
        """Return the target with what rows of tables say of documents that go: their examples and later texts."""
        named = [row for row in rows if row.get("document_id") and not row.get("answer_id")]
        return replace(
            self,
            documents=self.documents | {str(row["document_id"]) for row in named},
            examples=self.examples | {str(row["example_id"]) for row in named if row.get("example_id")},
            texts=self.texts | ({content_of(str(row.get("text") or "")) for row in named} - {""}),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the target as values that JSON can hold."""
        lists = {name: sorted(getattr(self, name)) for name in ("documents", "paths", "examples", "texts")}
        return {"marks": sorted([list(mark) for mark in self.marks]), **lists}

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Target:
        """Return the target that `as_dict` gave."""
        lists = {name: frozenset(value[name]) for name in ("documents", "paths", "examples", "texts")}
        return cls(marks=frozenset((kind, one) for kind, one in value["marks"]), **lists)


def taken_of(files: Sequence[tuple[SourceFile, Parsed]], asked: frozenset[Mark]) -> tuple[list[Taken], frozenset[Mark]]:
    """Return what goes of each file, and the marks by which it stays out: the same text in another file goes too."""
    marks = asked
    while True:
        found = [one for file, parsed in files if (one := _taken(file, parsed, Marks(marks))) is not None]
        more = marks | {mark for one in found for mark in _marks_of(one)}
        if more == marks:
            return found, marks
        marks = more


def target_of(taken: Iterable[Taken], marks: frozenset[Mark]) -> Target:
    """Return by what the documents that go are known in the tables that came of them."""
    found = list(taken)
    asked = {value for kind, value in marks if kind == DOCUMENT}
    ids = asked | {piece.document_id for one in found for piece in one.pieces}
    paths = {one.path for one in found if not one.parts} | {value for kind, value in marks if kind == SOURCE}
    return Target(marks, *(frozenset(name for one in names for name in names_of(one)) for names in (ids, paths)))


def _taken(file: SourceFile, parsed: Parsed, marks: Marks) -> Taken | None:
    """Return what goes of one file, None where nothing does."""
    pieces = pieces_of(file, parsed.parts)
    if marks.has_file(file.path, file.sha256) or (not pieces and marks.speaks_of([file.path])):
        return Taken(file.path, file.sha256, (), tuple(pieces))
    gone = gone_of(pieces, marks)
    if not gone:
        return None
    whole = any(not piece.is_row for piece in gone)
    return Taken(file.path, file.sha256, () if whole else tuple(piece.part for piece in gone), tuple(gone))


def _marks_of(taken: Taken) -> set[Mark]:
    """Return the marks by which what went is known again: its texts, and a file that went whole by its bytes."""
    texts = {(CONTENT, content_of(piece.text)) for piece in taken.pieces} - {(CONTENT, "")}
    return texts | ({(FILE, taken.sha256)} if not taken.parts and taken.sha256 else set())
