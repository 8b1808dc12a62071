"""Rows as a service for tuning reads them: conversations, one JSON object per line, checked before anything is sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import pandas as pd

from retune.core import parts, redaction
from retune.core.asking import Conversation, Instruction, Source
from retune.core.errors import GateError, UserError
from retune.core.params.base import Settings
from retune.core.params.redact import RedactParams
from retune.core.prepare.chat import check_chat
from retune.core.prepare.findings import WARNING
from retune.core.prepare.sheet import Measure
from retune.core.templates import ASSISTANT, turns, words

UNMEASURED = Measure("characters", 0, len)  # no tokenizer of theirs is at hand: the service itself counts tokens
SHOWN = 5
Messages = list[dict[str, str]]
Ask = Callable[[str, str], Source]  # text and context of a row


def asking(task_type: ModuleType, settings: Settings) -> Ask:
    """Return what makes of a row's text and context what is asked, as for a model on this machine.

    UserError for a task type that asks nothing: a service learns answers.
    """
    if task_type.TARGET == "nothing":
        raise UserError(
            expected="a task type whose rows have an answer: a service learns prompts and completions",
            found=task_type.__name__.rpartition(".")[2],
            todo="Choose another family and method for it in params.yaml.",
        )
    if hasattr(task_type, "source"):
        return lambda text, context: task_type.source(text, context, settings)
    return Instruction


def prompt(asked: Source, system: str) -> Messages:
    """Return what is asked as messages, after the words of the system where there are any."""
    told = [{"role": "system", "content": system}] if system else []
    if isinstance(asked, Conversation):
        return [*told, *({"role": one["role"], "content": words(one)} for one in asked.messages)]
    return [*told, *turns(asked.text, asked.context if isinstance(asked, Instruction) else "")]


def conversations(rows: pd.DataFrame, ask: Ask, system: str) -> list[dict[str, Any]]:
    """Return rows [ROWS] as conversations that end with what is to be learnt."""
    columns = (rows[name].astype(str) for name in ("text", "context", "label"))
    return [
        {"messages": [*prompt(ask(text, context), system), {"role": ASSISTANT, "content": label}]}
        for text, context, label in zip(*columns, strict=True)
    ]


def jsonl(rows: Sequence[Any]) -> bytes:
    """Return rows as JSON lines: the same rows are the same bytes."""
    return "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows).encode("utf-8")


def check(train: Sequence[Any], validation: Sequence[Any]) -> list[str]:
    """Return what `retune prepare` warns of; UserError for what it refuses, and for rows that stand on both sides."""
    warnings = []
    for side, rows in (("train", train), ("validation", validation)):
        found = check_chat(rows, UNMEASURED, lambda _check, _finding: False, drop_invalid=False)
        if found.error:
            todo = "Look at the step examples; `retune prepare` says what each finding means. Nothing was sent."
            raise UserError(expected=f"{side} rows that a service can learn from", found=found.error, todo=todo)
        warnings += [f"{side}: {one.finding.message}" for one in found.said if one.finding.level == WARNING]
    _refuse_both(train, validation)
    return warnings


def _refuse_both(train: Sequence[Any], validation: Sequence[Any]) -> None:
    """Raise UserError for rows that are on both sides: a validation that was learnt says nothing."""
    learnt = {json.dumps(row, sort_keys=True) for row in train}
    both = [number for number, row in enumerate(validation) if json.dumps(row, sort_keys=True) in learnt]
    if both:
        shown = ", ".join(map(str, both[:SHOWN])) + (", ..." if len(both) > SHOWN else "")
        raise UserError(
            expected="no row in both the train and the validation file",
            found=f"{len(both)} of {len(validation)} validation rows are among the train rows too (rows {shown})",
            todo="Run the step split again: it keeps equal rows on one side. Nothing was sent.",
        )


def refuse_personal(rows: Sequence[dict[str, Any]], settings: RedactParams) -> None:
    """Raise GateError where a last look still finds personal data or a secret in what would be sent.

    All critical recognizers look, whichever redaction was told to use; the reasons have types and numbers, no value.
    """
    every = settings.model_copy(update={"recognizers": tuple(parts.names(redaction.PACKAGE))})
    recognizers = [one for one in redaction.load(every) if one.critical]
    found: Counter[str] = Counter()
    for text in {message["content"] for row in rows for message in row["messages"]}:
        found.update({item.recognizer.entity_type for item in redaction.detect(text, recognizers, settings.keep)})
    if found:
        told = [f"{kind} in {number} text{'s' if number > 1 else ''}" for kind, number in sorted(found.items())]
        raise GateError("the last look before rows are sent to a service", [*told, "nothing was sent"])
