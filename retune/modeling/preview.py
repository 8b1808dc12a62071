"""What a model will be trained on: rows as the tokens that it reads, which of them it learns, and how long they are."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd

from retune.core.errors import UserError
from retune.core.prepare.chat import distribution
from retune.modeling.dialogue import Example, Ids, Scribe
from retune.modeling.stacks import OFFLINE

if TYPE_CHECKING:
    from retune.modeling.template_doctor import Fault

Piece = tuple[str, bool]  # a stretch of text, and whether it is learnt
WINDOWED = ("token", "span")  # heads that read what is too long in several windows


def of_texts(scribe: Scribe, base: Path, rows: pd.DataFrame, shown: int) -> dict[str, Any]:
    """Return what a model that writes learns from rows [ROWS], what would stop it, and some rows as pieces of text."""
    from retune.modeling import template_doctor

    examples, whole = scribe.examples(rows), replace(scribe, max_length=sys.maxsize).examples(rows)
    blocks = [block for row in examples for block in row]
    found = template_doctor.examine(scribe, rows, examples)
    return {
        "lengths": distribution([sum(map(len, row)) for row in whole]),
        "longer": sum(any(block.is_cut for block in row) for row in examples),
        "read_in_windows": False,
        "tokens": {"all": sum(map(len, blocks)), "learnt": sum(block.learnt_tokens for block in blocks)},
        "faults": [asdict(fault) for fault in [*_stops(scribe, base, examples), *found]],
        "examples": [pieces(scribe.tokenizer, examples[place][0]) for place in places(len(rows), shown)],
    }


def _stops(scribe: Scribe, base: Path, examples: Sequence[Sequence[Example]]) -> Iterator[Fault]:
    """Yield why lengths would stop the training before its first step, as its head says it."""
    from transformers import AutoConfig

    from retune.modeling.heads import text
    from retune.modeling.template_doctor import Fault

    config = AutoConfig.from_pretrained(base, **OFFLINE)
    try:
        text.refuse_lengths(scribe, getattr(config, "max_position_embeddings", None))
        text.refuse(examples, scribe.settings, scribe.max_length)
    except UserError as error:
        yield Fault("lengths", True, str(error))


def of_labels(
    task_type: ModuleType, tokenizer: Any, max_length: int, rows: pd.DataFrame, shown: int
) -> dict[str, Any]:  # fmt: skip
    """Return how long rows [ROWS] are to a model that answers with labels, and some of them with theirs."""
    both = "context" in task_type.COLUMNS
    given = [rows["text"].tolist(), *([rows["context"].tolist()] if both else [])]
    lengths = [len(ids) for ids in tokenizer(*given, truncation=False, verbose=False)["input_ids"]]
    chosen = rows.iloc[list(places(len(rows), shown))]
    return {
        "lengths": distribution(lengths),
        "longer": sum(length > max_length for length in lengths),
        "read_in_windows": task_type.HEAD in WINDOWED,
        "tokens": {"all": sum(lengths)},
        "faults": [],
        "examples": [
            [(f"{row['text']}\n{row['context']}".strip() + "\n", False), (row["label"], True)]
            for row in chosen.to_dict("records")
        ],
    }


def pieces(tokenizer: Any, example: Example) -> list[Piece]:
    """Return an example as text, special tokens included, in stretches that are learnt and others that are not."""
    from retune.modeling.template_doctor import runs

    read = [(_decoded(tokenizer, example.source), False)] if example.source else []
    return read + [(_decoded(tokenizer, ids), learnt) for learnt, ids in runs(example)]


def places(rows: int, shown: int) -> Sequence[int]:
    """Return places of rows to show, evenly from all."""
    return range(0, rows, max(rows // max(shown, 1), 1))[:shown]


def _decoded(tokenizer: Any, ids: Ids) -> str:
    text: str = tokenizer.decode(ids, skip_special_tokens=False)
    return text
