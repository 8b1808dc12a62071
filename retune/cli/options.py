"""The options that several commands share, and how a command answers a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Annotated, Any

import typer

ModelName = Annotated[
    str, typer.Option("--model", metavar="NAME", help="Which model; the only one where there is one.")
]
ModelNames = Annotated[
    list[str] | None, typer.Option("--model", metavar="NAME", help="Only this model; may be repeated.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value on standard output, messages on standard error.")]


@contextmanager
def messages_aside(*, as_json: bool) -> Iterator[None]:
    """Let what the block prints go to standard error where a program reads standard output."""
    if not as_json:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def print_json(value: Any) -> None:
    """Print one JSON value, with sorted keys."""
    print(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str))
