"""Settings of ingest: what a file may cost, how tables become documents, who may see what."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from retune.core.params.base import Settings


class TableParams(Settings):
    """One kind of table whose rows are documents of their own."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """Name of the table, lower case; the ids of its rows are `<name>:<row id>`."""
    match: str = Field(min_length=1)
    """Files that are such tables, as a path pattern such as `tickets/*`; `*` also stands for slashes."""
    id: str
    """Column with the id of a row; a row without one, or with one that was already seen, goes to quarantine. Empty: the
    rows have none, as prompts and completions rarely do, and are known by what they hold."""
    text: list[str] = Field(min_length=1)
    """Columns that make up the text, in this order, with an empty line between them."""
    title: str
    """Column with the title, or an empty string."""
    date: str
    """Column with the date, or an empty string."""

    @property
    def known_by(self) -> str:
        """Return the column by which a sheet is known to be such a table."""
        return self.id or self.text[0]


class ParsingParams(Settings):
    """What decides the text of a document; a change here parses every file again."""

    tables: list[TableParams]
    """Tables whose rows are documents of their own; any other table is one document."""
    max_text_characters: int = Field(ge=1_000)
    """Longest text of a document, in characters; a longer one goes to quarantine as too large."""
    max_unpacked_mb: int = Field(ge=1)
    """Most that a docx or xlsx file may unpack to, in megabytes; keeps zip bombs out."""


class LimitParams(Settings):
    """What one file may cost."""

    max_file_mb: int = Field(ge=1)
    """Largest file, in megabytes; a larger one goes to quarantine unread."""
    timeout_seconds: float = Field(gt=0)
    """Longest time for parsing one file, in seconds; then its worker is killed and the file goes to quarantine."""
    memory_mb: int = Field(ge=256)
    """Most memory (address space) of a worker, in megabytes."""


class DepartmentParams(Settings):
    """To which department a document belongs; a `department` in the document itself wins."""

    rules: dict[str, str]
    """Path patterns and their departments, such as `finance/*: finance`; the first that matches holds."""
    from_folder: bool
    """Whether the first folder of the path is the department where no rule matches."""


class AccessParams(Settings):
    """Who may see a document; of several labels that speak, the most restrictive holds."""

    levels: list[str] = Field(min_length=1)
    """All access labels, the most open first; an unknown label in a document counts as the last one."""
    default: str
    """Label of a document for which no rule and no `access` of its own speaks."""
    rules: dict[str, str]
    """Path patterns and the label of the files that match, such as `board/*: restricted`."""

    @model_validator(mode="after")
    def _known_labels(self) -> Self:
        unknown = sorted({self.default, *self.rules.values()} - set(self.levels))
        if unknown:
            raise ValueError(f"labels that are not among the levels {self.levels}: {unknown}")
        return self


class IngestParams(Settings):
    """Settings of ingest."""

    parsing: ParsingParams
    """What decides the text of a document."""
    limits: LimitParams
    """What one file may cost."""
    workers: int = Field(ge=0)
    """Processes that parse at the same time; 0 means one per processor. Changes the time, never a byte."""
    departments: DepartmentParams
    """To which department a document belongs."""
    access: AccessParams
    """Who may see a document."""

    @model_validator(mode="after")
    def _distinct_tables(self) -> Self:
        names = [table.name for table in self.parsing.tables]
        if len(names) != len(set(names)):
            raise ValueError(f"each table needs a name of its own, not {names}")
        return self
