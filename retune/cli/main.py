"""The command line: says what it will do, does it, and names the next command when something stops."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from retune.core.errors import EXIT_MEANINGS, EXIT_USAGE, RetuneError

Command = Callable[[argparse.Namespace], int]


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; it imports nothing heavy, so that --help answers at once."""
    codes = "\n".join(f"  {code}  {meaning}" for code, meaning in EXIT_MEANINGS.items())
    top = argparse.ArgumentParser(
        prog="retune",
        description="Tunes models on an organisation's documents, and promotes them only with evidence.",
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_monitor(commands)
    _add_repro(commands)
    _add_source(commands)
    _add_ui(commands)
    _add_serve(commands)
    _add_collect(commands)
    _add_promote(commands)
    _add_rollback(commands)
    _add(commands, "deploy", "schedules, events and automations onto the Prefect server of PREFECT_API_URL", "deploy")
    _add(commands, "worker", "carries out on this host what that server says is due", "worker")
    return top


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name


def _add(commands: Commands, name: str, text: str, does: str) -> argparse.ArgumentParser:
    """Add one command; `does` names the module of retune/cli whose function `main` is it."""
    command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    command.set_defaults(does=does)
    return command


def _add_run(commands: Commands) -> None:
    """Add `retune run`."""
    command = _add(commands, "run", "from the documents to a promoted model: every stage that is not up to date", "run")
    command.add_argument(
        "--model", action="append", default=[], metavar="NAME", help="only this model; may be repeated"
    )
    command.add_argument("--reason", default="by hand", metavar="TEXT", help="why this run was started, for the record")
    command.add_argument(
        "--cause",
        choices=["by hand", "schedule", "drift"],
        default="by hand",
        help="drift: release.after_drift holds where a drift is recorded",
    )


def _add_monitor(commands: Commands) -> None:
    """Add `retune monitor`."""
    command = _add(
        commands, "monitor", "compares what is new with what each champion learnt; names what moved", "monitor"
    )
    command.add_argument(
        "--model", action="append", default=[], metavar="NAME", help="only this model; may be repeated"
    )
    command.add_argument("--reason", default="by hand", metavar="TEXT", help="why, for the record")
    command.add_argument("--retrain", action="store_true", help="run the training that drift asks for")


def _add_repro(commands: Commands) -> None:
    """Add `retune repro`."""
    _add(commands, "repro", "the stages alone, by DVC, without any server", "repro")


def _add_source(commands: Commands) -> None:
    """Add `retune source`."""
    command = _add(
        commands, "source", "names where the documents come from: a folder, a URL, or data/ itself", "source"
    )
    command.add_argument(
        "location", metavar="FOLDER_OR_URL", help="such as /srv/documents, s3://bucket/documents, data"
    )


def _add_ui(commands: Commands) -> None:
    """Add `retune ui`."""
    command = _add(commands, "ui", "the pages of MLflow and Prefect, on this machine only", "ui")
    command.add_argument("--mlflow-port", type=int, default=5000, metavar="PORT")
    command.add_argument("--prefect-port", type=int, default=4200, metavar="PORT")


def _add_serve(commands: Commands) -> None:
    """Add `retune serve`."""
    command = _add(commands, "serve", "answers by the champion over HTTP, on this machine only", "serve")
    command.add_argument("--model", default="", metavar="NAME", help="which model; the only one where there is one")
    command.add_argument("--port", type=int, default=5001, metavar="PORT")


def _add_collect(commands: Commands) -> None:
    """Add `retune collect`."""
    does = "takes in answers that people corrected; the next run learns from them"
    command = _add(commands, "collect", does, "collect")
    command.add_argument("--model", default="", metavar="NAME", help="which model; the only one where there is one")
    command.add_argument("file", metavar="FILE.csv", help="a table with request_id and label, or text and label")


def _add_promote(commands: Commands) -> None:
    """Add `retune promote`."""
    command = _add(commands, "promote", "makes a version the champion, where its evidence supports it", "promote")
    command.add_argument("--model", default="", metavar="NAME", help="which model; the only one where there is one")
    command.add_argument("--version", default="", metavar="N", help="which version; the challenger by default")
    command.add_argument("--reason", default="by hand", metavar="TEXT", help="why, for the record")


def _add_rollback(commands: Commands) -> None:
    """Add `retune rollback`."""
    command = _add(commands, "rollback", "makes the previous champion the champion again", "rollback")
    command.add_argument("--model", default="", metavar="NAME", help="which model; the only one where there is one")
    command.add_argument("--reason", default="by hand", metavar="TEXT", help="why, for the record")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = parser().parse_args(arguments)
    try:
        return _command(given.does)(given)
    except RetuneError as error:
        print(f"retune {given.command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on where this one was", file=sys.stderr)
        return 130


def _command(name: str) -> Command:
    """Import the module of one command, and nothing else."""
    import importlib

    if not (Path.cwd() / "params.yaml").exists():
        print(f"retune: no params.yaml in {Path.cwd()}; run this in the root of the checkout", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    command: Command = importlib.import_module(f"retune.cli.{name}").main
    return command


if __name__ == "__main__":
    sys.exit(main())
