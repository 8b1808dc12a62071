"""What may not come back: marks of documents, files, folders and persons, as keyed hashes that name nobody.

What a deletion looks for and what ingest keeps out is told by the same `Marks`: plain in the one, keyed in the other.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from retune.core.hashing import normalised, sha256_text
from retune.core.identifiers import Mark, is_personal, marks_in
from retune.core.ingest import Draft, Parsed
from retune.core.ingest_documents import SourceFile

DOCUMENT, CONTENT, FILE, SOURCE, KEY = "document", "content", "file", "source", "key"
CONTENT_WORDS = 8  # a shorter text, such as "Thank you!", is not one person's alone
ROW = "row="
CHECKED = "retune"  # its hash in the file tells whether the key is the one that the others were made with


@dataclass(frozen=True, order=True)
class Tombstone:
    """One keyed hash; `erased` is the day, `key_id` names the key that it was made with."""

    kind: str
    hash: str
    key_id: str
    erased: str  # ISO 8601


@dataclass(frozen=True)
class Piece:
    """One document as it is looked at: its id, where it stands, its text and whatever else is said of it."""

    document_id: str
    path: str  # relative to data/
    part: str  # row=3, attachment=plan.pdf, or empty for the whole file
    text: str
    fields: tuple[str, ...] = ()

    @property
    def is_row(self) -> bool:
        """Tell whether it can go without the rest of its file."""
        return self.part.startswith(ROW)


class Marks:
    """A set of marks; with a key, the set holds their keyed hashes, and questions are asked by keyed hash."""

    def __init__(self, marks: Iterable[Mark], key: bytes = b"") -> None:
        self.marks, self.key = frozenset(marks), key
        self.kinds = frozenset(kind for kind, _ in self.marks)
        self.personal = frozenset(kind for kind in self.kinds if is_personal(kind))

    def __bool__(self) -> bool:
        return bool(self.marks)

    def has(self, kind: str, value: str) -> bool:
        """Tell whether a mark is among them; an empty value never is."""
        return (
            bool(value)
            and kind in self.kinds
            and (kind, keyed(self.key, kind, value) if self.key else value) in self.marks
        )

    def has_file(self, path: str, sha256: str) -> bool:
        """Tell whether a file is marked as a whole: by its bytes, its path, or a folder above it."""
        steps = path.split("/")
        paths = ("/".join(steps[: place + 1]) for place in range(len(steps)))
        return self.has(FILE, sha256) or (SOURCE in self.kinds and any(self.has(SOURCE, one) for one in paths))

    def speaks_of(self, texts: Iterable[str]) -> bool:
        """Tell whether a person who is marked stands in one of these texts."""
        return bool(self.personal) and any(
            self.has(kind, value) for text in texts for kind, value in marks_in(text, self.personal)
        )

    def has_piece(self, piece: Piece) -> bool:
        """Tell whether a document is marked: by its id, its text, or a person in it."""
        return (
            any(self.has(DOCUMENT, name) for name in names_of(piece.document_id))
            or (CONTENT in self.kinds and self.has(CONTENT, content_of(piece.text)))
            or self.speaks_of((piece.text, piece.document_id, piece.path, *piece.fields))
        )


def names_of(name: str) -> tuple[str, str]:
    """Return an id or path, and what stands for it after redaction where it holds personal data."""
    return name, f"doc-{sha256_text(name)[:16]}"


def content_of(text: str) -> str:
    """Return the hash by which a text is known again; empty where it is too short to be known by."""
    words = normalised(text)
    return sha256_text(words) if words.count(" ") + 1 >= CONTENT_WORDS else ""


def keyed(key: bytes, kind: str, value: str) -> str:
    """Return the HMAC-SHA256 of a mark."""
    message = f"{kind}\x1f{value}".encode("utf-8", "surrogatepass")
    return hmac.digest(key, message, hashlib.sha256).hex()


def tombstones(marks: Iterable[Mark], key: bytes, key_id: str, erased: str) -> list[Tombstone]:
    """Return marks as tombstones, with the one that tells whether the key is right."""
    given = [*marks, (KEY, CHECKED)]
    return sorted(
        Tombstone(kind, keyed(key, kind, value), key_id, "" if kind == KEY else erased) for kind, value in given
    )


def pieces_of(source: SourceFile, parts: Sequence[object]) -> list[Piece]:
    """Return the documents among the parts of a file."""
    return [piece_of(source, part) for part in parts if isinstance(part, Draft)]


def piece_of(source: SourceFile, draft: Draft) -> Piece:
    """Return one document of a file."""
    name = (draft.explicit_id or source.path) + draft.id_suffix
    return Piece(name, source.path, draft.part, draft.text, (draft.title, *draft.metadata.values()))


def surviving(source: SourceFile, parsed: Parsed, marks: Marks) -> tuple[Parsed | None, int]:
    """Return what is left of a file, None where nothing of it may come in, and how many documents may not.

    A row goes alone. A message and its attachments, a page or a transcript go with their whole file.
    """
    pieces = pieces_of(source, parsed.parts)
    if marks.has_file(source.path, source.sha256) or (not pieces and marks.speaks_of([source.path])):
        return None, len(pieces)
    gone = gone_of(pieces, marks)
    if not gone:
        return parsed, 0
    places = {piece.part for piece in gone}
    kept = tuple(part for part in parsed.parts if part.part not in places) if len(gone) < len(pieces) else ()
    return (replace(parsed, parts=kept) if kept else None), len(gone)


def gone_of(pieces: Collection[Piece], marks: Marks) -> list[Piece]:
    """Return the documents of one file that go: all of them where one goes that is no row."""
    gone = [piece for piece in pieces if marks.has_piece(piece)]
    return list(pieces) if any(not piece.is_row for piece in gone) else gone
