"""The options that several commands share, and how a command answers a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Annotated, Any, TextIO

import typer

ModelName = Annotated[
    str, typer.Option("--model", metavar="NAME", help="Which model; the only one where there is one.")
]
ModelNames = Annotated[
    list[str] | None, typer.Option("--model", metavar="NAME", help="Only this model; may be repeated.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value on standard output, messages on standard error.")]


_answers: list[TextIO] = []  # where the answer goes while messages go aside


@contextmanager
def messages_aside(*, as_json: bool) -> Iterator[None]:
    """Let what the block prints, libraries too, go to standard error where a program reads standard output."""
    if not as_json:
        yield
        return
    _answers.append(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _answers.pop()


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print one JSON value as the answer, keys sorted; a large one without indentation takes a third of the time."""
    text = json.dumps(value, indent=indent, sort_keys=True, ensure_ascii=False, default=str)
    print(text, file=_answers[-1] if _answers else sys.stdout)
