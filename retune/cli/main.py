"""The command line: says what it will do, does it, and names the next command when something stops."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperGroup

from retune.cli.options import messages_aside, print_json
from retune.core.errors import EXIT_FAILURE, EXIT_MEANINGS, EXIT_USAGE, RetuneError
from retune.core.parts import load_all

PANELS = ("Run", "Keep in tune", "Decide", "Answer for it", "Look")
ABOUT = "Tunes models on an organisation's documents, and promotes them only with evidence."
EXIT_STOPPED = 130  # what a shell says of a command that Ctrl-C ended


class Sections(TyperGroup):
    """All commands of `retune --help`, in sections."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """Write one section per panel, the commands in it by name."""
        for panel in PANELS:
            shown = [(name, one) for name, one in sorted(self.commands.items()) if _panel(one) == panel]
            if shown:
                with formatter.section(panel):
                    formatter.write_dl([(name, one.get_short_help_str(100)) for name, one in shown])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """Write what the exit codes mean."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_MEANINGS.items()])


def _panel(command: Any) -> str:
    """Return the section in which a command is shown."""
    return str(command.rich_help_panel)


def application() -> typer.Typer:
    """Return all commands; no file of retune/cli/commands imports anything heavy, so that --help answers at once."""
    top = typer.Typer(
        cls=Sections, help=ABOUT, rich_markup_mode=None, no_args_is_help=True, pretty_exceptions_enable=False
    )
    for name, command in load_all("retune.cli.commands").items():
        top.command(name.replace("_", "-"), rich_help_panel=command.PANEL)(_answering(name.replace("_", "-"), command))
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        typer.main.get_command(application())(args=arguments, prog_name="retune")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else EXIT_FAILURE
    return EXIT_FAILURE


def _answering(name: str, command: ModuleType) -> Callable[..., None]:
    """Return the command as Typer takes it: it ends with its exit code, errors become one line or one JSON value."""

    @functools.wraps(command.main)
    def answer(**given: Any) -> None:
        raise typer.Exit(_code(name, command, given))

    return answer


def _code(name: str, command: ModuleType, given: dict[str, Any]) -> int:
    """Run a command in the root of a checkout and return its exit code."""
    if not (Path.cwd() / "params.yaml").exists():
        print(f"retune: no params.yaml in {Path.cwd()}; run this in the root of the checkout", file=sys.stderr)
        return EXIT_USAGE
    from flows import environment

    environment.prepare(Path.cwd(), quiet=getattr(command, "QUIET", True))
    try:
        with messages_aside(as_json=bool(given.get("as_json"))):
            code: int = command.main(**given)
    except RetuneError as error:
        if given.get("as_json"):
            print_json({"error": str(error), "exit_code": error.exit_code})
        print(f"retune {name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on where this one was", file=sys.stderr)
        return EXIT_STOPPED
    return code


if __name__ == "__main__":
    sys.exit(main())
