"""Step prepare: a file of prompts and completions, or of conversations, checked and repaired into a new one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from retune.core.errors import UserError
from retune.core.hashing import sha256_text
from retune.core.prepare import chat, conversations, division, pairs, report
from retune.core.prepare.findings import Finding, UnfitFileError
from retune.core.prepare.pairs import Accept, Checked, Said
from retune.core.prepare.reading import Read
from retune.core.prepare.report import PREPARED, SPLIT, Report
from retune.core.prepare.sheet import CLASSIFICATION, COLUMNS, Measure, Row
from retune.core.prepare.transforms import Taught
from retune.io import prepare as files
from retune.project import read_project

CHARACTERS = 10_000  # of a pair, or of a conversation where nothing counts tokens
PAIR_TOKENS, CHAT_TOKENS = 2048, 4096
LENGTH, DUPLICATES = "length", "duplicates"
ALL, TRAIN, VALIDATION = "all", "train", "validation"
ENDINGS = {ALL: "{}.jsonl", TRAIN: "_train{}.jsonl", VALIDATION: "_valid{}.jsonl"}
RECORD = "{}.transforms.json"
Texts = dict[str, str]


@dataclass(frozen=True)
class Wishes:
    """What a person asks of the preparation."""

    only_check: bool = False
    skip: tuple[str, ...] = ()  # recommendations that are declined
    fail_on: tuple[str, ...] = ()  # findings that the file may not have
    drop_invalid: bool = False
    into: Path | None = None  # the folder of the file itself where there is none
    max_tokens: int = 0  # the limit of the kind of file where it is 0


def prepare(*, root: Path, file: Path, wishes: Wishes, ask: Accept, count: Callable[[str], int] | None) -> Report:
    """Check a file, repair what is necessary and what is accepted, and write the result beside it, never over it.

    `count` counts tokens; without it lengths are characters.
    """
    _check_names(wishes)
    limits = read_project(root).corpus.ingest.limits
    try:
        read, sha256 = files.read(file, timeout_seconds=limits.timeout_seconds, memory_mb=limits.memory_mb)
    except UnfitFileError as error:
        return report.unread(str(file), str(error))

    def accept(name: str, finding: Finding) -> bool:
        return name not in wishes.skip and (wishes.only_check or ask(name, finding))

    examined = _chat if conversations.is_chat(read.rows) else _pairs
    found, texts = examined(file, read, wishes, accept, count)
    if found.outcome != PREPARED:
        return found
    return _written(found, file, wishes.into or file.parent, texts, sha256)


def _pairs(
    file: Path, read: Read, wishes: Wishes, accept: Accept, count: Callable[[str], int] | None
) -> tuple[Report, Texts]:
    """Return the report on prompts and completions, and the texts to write by their side of the split."""
    done = pairs.check(read.rows, _measure(count, wishes.max_tokens or PAIR_TOKENS), accept)
    split, offered = ([], ()) if done.error else _split(done, accept)
    said = (*report.said_of(read), *done.said, *offered)
    outcome = report.outcome_of(said, done.error, wishes.fail_on, only_check=wishes.only_check)
    found = Report(str(file), outcome, "pairs", done.sheet.kind, len(read.rows), done.removed, said, done.error)
    if done.error:
        return found, {}
    sides = dict(zip((TRAIN, VALIDATION), split, strict=True)) if split else {ALL: list(done.sheet.rows)}
    texts = {side: _pair_lines(rows) for side, rows in sides.items()}
    return replace(found, facts={**report.facts_of(done), "next_command": _next(file, wishes)}), texts


def _split(done: Checked, accept: Accept) -> tuple[list[list[Row]], tuple[Said, ...]]:
    """Return both sides where there are classes and a split is accepted, and what was said of it."""
    if done.sheet.kind != CLASSIFICATION:
        return [], ()
    sides = list(division.divided(done.sheet))
    finding = report.split_offer(*sides)
    wanted = accept(SPLIT, finding)
    return sides if wanted else [], (Said(SPLIT, finding, applied=wanted),)


def _chat(
    file: Path, read: Read, wishes: Wishes, accept: Accept, count: Callable[[str], int] | None
) -> tuple[Report, Texts]:
    """Return the report on conversations, and the text to write."""
    measure = _measure(count, wishes.max_tokens or CHAT_TOKENS)
    done = chat.check_chat(read.rows, measure, accept, drop_invalid=wishes.drop_invalid)
    said = (*report.said_of(read), *done.said)
    outcome = report.outcome_of(said, done.error, wishes.fail_on, only_check=wishes.only_check)
    found = Report(str(file), outcome, "chat", "chat", len(read.rows), done.removed, said, done.error)
    facts: dict[str, Any] = {**done.figures, "format_errors": done.format_errors}
    if not done.error:
        facts["next_command"] = _next(file, wishes)
    return replace(found, facts=facts), {ALL: _lines(done.rows.values())}


def _measure(count: Callable[[str], int] | None, tokens: int) -> Measure:
    """Return how lengths are counted."""
    return Measure("tokens", tokens, count) if count is not None else Measure("characters", CHARACTERS, len)


def _pair_lines(rows: Iterable[Row]) -> str:
    """Return rows of prompt and completion as JSON Lines."""
    return _lines({column: row.text(column) for column in COLUMNS} for row in rows)


def _lines(values: Iterable[Any]) -> str:
    """Return values as JSON Lines."""
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def _next(file: Path, wishes: Wishes) -> str:
    """Return the command that makes the folder of the file the source of documents."""
    return f'make source FROM="{(wishes.into or file.parent).resolve()}"'


def _written(found: Report, file: Path, folder: Path, texts: Texts, sha256: str) -> Report:
    """Write the record and the rows, the record first: rows never stand without it."""
    rows = {side: {"rows": text.count("\n"), "sha256": sha256_text(text)} for side, text in texts.items()}
    removed = {reason: list(numbers) for reason, numbers in found.removed.items()}
    source = {"name": file.name, "sha256": sha256, "rows": found.rows_read}
    transforms = found.facts.get("transforms", Taught().as_dict())
    record = {
        **transforms, "shape": found.shape, "data_type": found.data_type, "input": source,
        "removed": removed, "outputs": rows, "seed": division.SEED,
    }  # fmt: skip
    page = json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    made = files.write_new(folder, file.stem, {RECORD: page, **{ENDINGS[side]: text for side, text in texts.items()}})
    return report.with_files(found, [str(path) for path in made[1:]], str(made[0]))


def _check_names(wishes: Wishes) -> None:
    """Raise UserError for a name that no check has."""
    known = sorted({*pairs.checks(), *chat.checks(), LENGTH, DUPLICATES, SPLIT})
    unknown = [name for name in (*wishes.skip, *wishes.fail_on) if name not in known]
    if unknown:
        raise UserError(expected=f"checks: {', '.join(known)}", found=", ".join(unknown), todo="Correct the name.")
