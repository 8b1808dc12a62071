"""What a person reads at the end of a run: stages, gates, scores, the champion and why, and where to look."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from retune.core.errors import EXIT_MEANINGS
from retune.core.run_report import ModelRow, RunReport, StageRow
from retune.io.dvc import Stage
from retune.io.mlflow_store import default_uri

COLOURS = {"cached": "dim", "ran": "green", "refused": "bold red", "failed": "bold red", "not reached": "yellow"}


def intention(stages: Iterable[Stage], changed: frozenset[str], unsettled: tuple[str, ...]) -> str:
    """Return what the run will do: the stages that changed, and that those behind them follow."""
    ordered = [stage.name for stage in stages if stage.name in changed]
    if not ordered:
        return f"Every stage is up to date; {', '.join(unsettled)} will be recorded and decided."
    return f"{len(ordered)} stages changed and run again, with what depends on them: {', '.join(ordered)}."


def show(root: Path, report: RunReport, *, seconds: float) -> None:
    """Print the summary of a run."""
    from rich.console import Console

    console = Console(highlight=False)
    if report.stages:
        console.print(stage_table(report.stages))
    for row in report.models:
        console.print("\n".join(model_lines(row)))
    for failure in report.failures:
        console.print(f"\n[bold red]{failure['where']} stopped the run[/]", style="red")
        for reason in failure["reasons"]:
            console.print(f"  {reason}", markup=False)
    console.print("\n".join(["", *places(root, report), ""]), markup=False)
    code = report.exit_code
    console.print(f"{EXIT_MEANINGS[code]} (exit code {code}) after {seconds:.0f} s", markup=False)
    if report.failures:
        console.print(f"Next: {next_command(report)}", markup=False)


def stage_table(rows: list[StageRow]) -> object:
    """Return the table of stages."""
    from rich.table import Table

    table = Table(title="Stages", title_justify="left")
    for name in ("stage", "", "in", "out", "rejected", "quarantined", "gate", "seconds"):
        table.add_column(
            name, justify="right" if name in ("in", "out", "rejected", "quarantined", "seconds") else "left"
        )
    for row in rows:
        numbers = ["" if value is None else str(value) for value in (row.rows_in, row.rows_out)]
        lost = [str(value) if value else "" for value in (row.rejected, row.quarantined)]
        state = f"[{COLOURS.get(row.state, '')}]{row.state}[/]"
        table.add_row(row.stage, state, *numbers, *lost, row.verdict, f"{row.seconds:.1f}" if row.seconds else "")
    return table


def model_lines(row: ModelRow) -> list[str]:
    """Return what is to be said of one model."""
    verb = "was promoted" if row.promoted else "was not promoted"
    champion = f"the champion is version {row.champion}" if row.champion else "there is no champion"
    lines = [f"\n[bold]{row.model}[/]: version {row.version} {verb}; {champion}"]
    lines += [f"  {name}: {_score(value)}" for name, value in row.scores.items()]
    return [*lines, *(f"  {reason}" for reason in row.reasons)]


def _score(value: object) -> str:
    """Return a score with its interval where it has one."""
    if isinstance(value, dict):
        return f"{value['value']:.3f}, 95 % between {value['low']:.3f} and {value['high']:.3f}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def places(root: Path, report: RunReport) -> list[str]:
    """Return where to look: the reports, and how to open the pages."""
    reports = sorted(path.relative_to(root).as_posix() for path in (root / "artifacts").glob("**/gate/report.html"))
    lines = [f"{'report':14} {path}" for path in reports]
    lines += [f"{name:14} {link}" for name, link in report.links.items()]
    return [*lines, f"{'pages':14} make ui     (MLflow on http://127.0.0.1:5000, Prefect on http://127.0.0.1:4200)"]


def next_command(report: RunReport) -> str:
    """Return what to do after a run that stopped."""
    if report.exit_code == 3:
        return "read the report above, mend the documents or the limits in params.yaml, then `make pipeline`"
    return "mend what the message names, then `make pipeline`: it goes on where this run stopped"


def champion_line(root: Path, model: str) -> str:
    """Return which version of a model is champion."""
    from retune.io.registry import Registry

    champion = Registry(default_uri(root), model).aliases().get("champion", "")
    return f"{model}: the champion is version {champion}" if champion else f"{model}: there is no champion"
