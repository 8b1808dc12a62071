"""`retune prepare`: a file of prompts and completions or of conversations, checked and repaired into a new one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retune.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from retune.core.prepare.findings import Finding

PANEL = "Run"
Names = list[str] | None


def main(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, TSV, XLSX, TXT, JSON or JSONL.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only say what would change; ends with 3 where it is.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing and do all that is recommended.")] = False,
    skip: Annotated[
        Names, typer.Option("--skip", metavar="CHECK", help="Decline what this check recommends; may be repeated.")
    ] = None,
    fail_on: Annotated[
        Names, typer.Option("--fail-on", metavar="CHECK", help="End with 3 where it finds something; may be repeated.")
    ] = None,
    drop_invalid: Annotated[
        bool, typer.Option("--drop-invalid", help="Leave out conversations that are malformed.")
    ] = False,
    base: Annotated[
        str, typer.Option("--base", metavar="BASE", help="Count tokens as this base does: a folder or bundled:minilm.")
    ] = "",
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=0, help="The longest row; 2,048, or 4,096 of a conversation, if 0.")
    ] = 0,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FOLDER", help="Where to write; beside FILE by default.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Checks a file of prompts and completions or of conversations, and repairs it into a new one beside it."""
    from retune.core.prepare.report import UNFIT, lines
    from tasks.prepare import Wishes, prepare

    wishes = Wishes(check, tuple(skip or ()), tuple(fail_on or ()), drop_invalid, into, max_tokens)
    ask = _done if yes or as_json or not _is_terminal() else _asked
    count = None
    if base:
        from retune.modeling.tokens import counter

        count = counter(base)
    found = prepare(root=Path.cwd(), file=file, wishes=wishes, ask=ask, count=count)
    if as_json:
        print_json(found.as_dict())
    else:
        print("\n".join(lines(found)))
    if found.outcome == UNFIT:
        typer.echo(f"retune prepare: {found.error}", err=True)
    return found.exit_code


def _is_terminal() -> bool:
    """Tell whether a person can be asked."""
    import sys

    return sys.stdin.isatty() and sys.stdout.isatty()


def _done(name: str, finding: Finding) -> bool:  # noqa: ARG001 - one of two answers to the same question
    """Accept what is recommended."""
    return True


def _asked(name: str, finding: Finding) -> bool:
    """Ask a person about what is recommended."""
    return typer.confirm(f"{name.replace('_', ' ')}: {finding.message}. Do it?", default=True)
