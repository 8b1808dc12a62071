"""What a format makes of a file: documents, and the parts of it that could not be taken, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field

TODOS = {
    "empty_file": "Fill the file, or delete it.",
    "corrupt": "Open it in the program that made it, save it again, or put the original in its place.",
    "encrypted": "Save it without a password.",
    "no_text": "If it is a scan, run OCR on it first; if it holds no text, delete it.",
    "unsupported_type": "Convert it to a known format, or add one file to retune/core/formats.",
    "too_large": "Split it, or raise the limit in corpus.ingest.",
    "timeout": "Convert or split it, or raise corpus.ingest.limits.timeout_seconds.",
    "undecodable": "Save it in UTF-8.",
    "link_outside": "Put the file itself in the folder; a link out of the folder is not followed.",
    "duplicate_id": "Give every document an id of its own.",
}
"""The closed list of reasons for quarantine, and what a user can do about each."""


class UnreadableError(Exception):
    """A file or a part of it cannot become a document; the reason is one of `TODOS`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")


@dataclass(frozen=True)
class Draft:
    """One document as its format understands it; an empty field means that the file does not say."""

    text: str
    title: str = ""
    created: str = ""  # ISO 8601
    kind: str = "document"  # document | row | message | transcript
    explicit_id: str = ""
    id_suffix: str = ""  # of an attachment, behind the id of its message
    part: str = ""  # where in the file: row=3, attachment=plan.pdf; empty for the whole file
    metadata: dict[str, str] = field(default_factory=dict)
    language: str = ""
    media_type: str = ""
    parser: str = ""
    parser_version: str = ""


@dataclass(frozen=True)
class Refusal:
    """A part of a file that goes to quarantine while the rest of the file is taken."""

    part: str
    reason: str
    detail: str = ""


Part = Draft | Refusal


@dataclass(frozen=True)
class Parsed:
    """All that came of one file: its parts, or the reason why there is none."""

    parts: tuple[Part, ...] = ()
    reason: str = ""
    detail: str = ""
