"""What a person reads at the end of a run: stages, gates, scores, the champion and why, and where to look."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from retune.core.errors import EXIT_MEANINGS
from retune.core.run_report import ModelRow, RunReport, StageRow
from retune.io.dvc import Stage
from retune.io.files import read_json
from retune.io.mlflow_store import default_uri

LONGEST_LINE = 200  # characters
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

    console = Console(highlight=False, soft_wrap=True)
    if report.stages:
        console.print(stage_table(report.stages))
    for line in gate_lines(root, report):
        console.print(line, markup=False)
    for row in report.models:
        console.print(f"\n[bold]{row.model}[/]: {outcome(row)}")
        console.print(score_table(row.scores))
        for line in [*row.reasons, *[row.note] * bool(row.note)]:
            console.print(in_parts(f"  {line}"), markup=False)
    for failure in report.failures:
        console.print(f"\n[bold red]{failure['where']} stopped the run[/]")
        for reason in failure["reasons"]:
            console.print(in_parts(f"  {reason}"), markup=False)
    console.print("\n".join(["", *places(root, report), ""]), markup=False)
    code = report.exit_code
    console.print(f"{EXIT_MEANINGS[code]} (exit code {code}) after {seconds:.0f} s", markup=False)
    if report.failures:
        console.print(f"Next: {next_command(report)}", markup=False)


def in_parts(line: str) -> str:
    """Return a line that would not fit a screen as several, where its parts end."""
    return line if len(line) <= LONGEST_LINE else line.replace("; ", ";\n    ")


def stage_table(rows: list[StageRow]) -> object:
    """Return the table of stages."""
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(box=SIMPLE, pad_edge=False)
    for name in ("stage", "", "in", "out", "", "s"):
        number = name in ("in", "out", "s")
        table.add_column(name, justify="right" if number else "left", no_wrap=name != "stage", overflow="fold")
    for row in rows:
        numbers = ["" if value is None else str(value) for value in (row.rows_in, row.rows_out)]
        state = f"[{COLOURS.get(row.state, '')}]{row.state}[/]"
        table.add_row(row.stage, state, *numbers, _fate(row), f"{row.seconds:.0f}" if row.seconds >= 1 else "")
    return table


def _fate(row: StageRow) -> str:
    """Return what became of the rows that did not go on, or what a gate said."""
    lost = {"rejected": row.rejected, "quarantined": row.quarantined}
    return ", ".join(
        [*(f"{number} {what}" for what, number in lost.items() if number), *[row.verdict] * bool(row.verdict)]
    )


def gates(root: Path, report: RunReport, file: str) -> dict[str, Path]:
    """Return that file of the gate on the documents and of each model of this run, where it is there, by subject."""
    models = sorted({row.stage.partition("@")[2] for row in report.stages} - {""})
    folders = {"corpus": root / "artifacts" / "corpus"}
    folders |= {model: root / "artifacts" / "models" / model for model in models}
    places = {subject: folder / "gate" / file for subject, folder in folders.items()}
    return {subject: path for subject, path in places.items() if path.exists()}


def gate_lines(root: Path, report: RunReport) -> list[str]:
    """Return what each gate said: how many checks passed, and those that warned or failed."""
    lines = []
    for subject, path in gates(root, report, "verdict.json").items():
        checks = read_json(path)["checks"]
        passed = sum(check["status"] == "pass" for check in checks)
        lines.append(f"gate of {subject}: {passed} of {len(checks)} checks passed")
        lines += [f"  {check['status']}: {check['reason']}" for check in checks if check["status"] != "pass"]
    return lines


def outcome(row: ModelRow) -> str:
    """Return which version a run led to, and which one is champion."""
    champion = f"the champion is version {row.champion}" if row.champion else "there is no champion"
    if row.champion == row.version and not row.promoted:
        return f"version {row.version} stays the champion"
    return f"version {row.version} was {'' if row.promoted else 'not '}promoted; {champion}"


def score_table(scores: dict[str, Any]) -> object:
    """Return scores with their 95 % intervals, the model's beside those of the floors on the same rows."""
    from rich.box import SIMPLE
    from rich.table import Table

    named = {tuple(name.rpartition(" ")[::2]): value for name, value in scores.items()}
    metrics = list(dict.fromkeys(metric for _, metric in named))
    table = Table(box=SIMPLE, pad_edge=False)
    for heading in ("on the test rows", *metrics):
        table.add_column(heading, no_wrap=True)
    for side in dict.fromkeys(side for side, _ in named):
        table.add_row(side or "this version", *(_score(named.get((side, metric))) for metric in metrics))
    return table


def _score(value: Any) -> str:
    """Return a score with its interval where it has one."""
    if isinstance(value, dict):
        return f"{value['value']:.3f}  ({value['low']:.3f} to {value['high']:.3f})"
    return f"{value:.3f}" if isinstance(value, float) else str(value or "")


def places(root: Path, report: RunReport) -> list[str]:
    """Return where to look: the reports, and how to open the pages."""
    reports = gates(root, report, "report.html").values()
    lines = [f"{'report':14} {path.relative_to(root).as_posix()}" for path in reports]
    lines += [f"{'report' if link.startswith('artifacts/') else name:14} {link}" for name, link in report.links.items()]
    return [*lines, f"{'pages':14} make ui     (MLflow on http://127.0.0.1:5000, Prefect on http://127.0.0.1:4200)"]


def next_command(report: RunReport) -> str:
    """Return what to do after a run that stopped."""
    if report.exit_code == 3:
        return "read the report above, mend the documents or the limits in params.yaml, then `make pipeline`"
    return "mend what the message names, then `make pipeline`: it goes on where this run stopped"


def champion_line(root: Path, model: str) -> str:
    """Return which version of a model is champion."""
    from retune.io.registry import Registry
    from retune.project import read_project

    champion = Registry(default_uri(root), model, read_project(root).tracking.experiment).aliases().get("champion", "")
    return f"{model}: the champion is version {champion}" if champion else f"{model}: there is no champion"
