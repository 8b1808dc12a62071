"""Step record: what one execution did goes to its own run: counts, gate reports, and the files that repeat it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from retune.core.footprint import REST, Step, footprint, scores
from retune.core.run_report import RAN, REFUSED, RunReport, report_of
from retune.io.footprint import steps_of
from retune.io.lockfile import LINEAGE, data_hash
from retune.io.mlflow_store import default_uri
from retune.io.tracking import NOTE, Dataset, Tracking
from retune.io.version_report import FOOTPRINT
from retune.project import read_project

COUNTED = ("seconds", "rows_in", "rows_out", "rejected", "quarantined")


def record(*, root: Path, run: str, report: dict[str, Any]) -> None:
    """Log the report of an execution to its run, and end the training runs below it that nothing finished."""
    project = read_project(root)
    tracking = Tracking(default_uri(root), project.tracking.experiment)
    took = _footprint(root, report)
    tracking.log_scores(run, {**counts_of(report), **scores(took)})
    tracking.log_text(run, json.dumps(took, indent=2), FOOTPRINT)
    tracking.log_text(run, json.dumps(report, indent=2, sort_keys=True), "report.json")
    tracking.log_files(run, [root / name for name in LINEAGE], "lineage")
    tracking.log_files(run, gate_files(root / "artifacts" / "corpus", "validate"), "gates/documents")
    for model in project.models:
        tracking.log_files(run, gate_files(root / "artifacts" / "models" / model, "examples"), f"gates/{model}")
    documents = data_hash(root)
    if documents:
        tracking.log_datasets(run, [Dataset("documents", "data", documents, "documents")])
    read = report_of(report)
    tags = {f"retune.champion.{row.model}": row.champion or "none" for row in read.models}
    ran = [row.stage for row in read.stages if row.state in (RAN, REFUSED)]
    said = {"retune.exit_code": str(read.exit_code), "retune.stages_run": ", ".join(ran) or "none", NOTE: about(read)}
    tracking.set_tags(run, {**tags, **said})
    tracking.close_children(run, "the execution ended before the model was registered")


def _footprint(root: Path, report: dict[str, Any]) -> dict[str, Any]:
    """Return what an execution took: its stages, and what else its time went to."""
    steps = steps_of(root, report_of(report).stages)
    rest = Step(REST, max(report["seconds"] - sum(step.seconds for step in steps), 0.0))
    return footprint([*steps, rest], read_project(root).machine)


def about(report: RunReport) -> str:
    """Return what came of an execution, in the lines that MLflow shows beside it."""
    lines = [*(f"**{alert}**\n" for alert in report.alerts)]
    for row in report.models:
        verb = "was promoted" if row.promoted else "was not promoted"
        lines += [f"**{row.model}**: version {row.version} {verb}; champion: {row.champion or 'none'}", ""]
        lines += [*(f"* {reason}" for reason in row.reasons), ""]
    for failure in report.failures:
        lines += [f"**{failure['where']}** stopped", "", *(f"* {reason}" for reason in failure["reasons"]), ""]
    return "\n".join(lines) or "Every stage is up to date."


def counts_of(report: dict[str, Any]) -> dict[str, float]:
    """Return seconds and rows of each stage that ran, as `stage/rows_in`; MLflow knows no `@` in a name."""
    return {
        f"{row['stage'].replace('@', '/')}/{name}": row[name]
        for row in report["stages"]
        for name in COUNTED
        if row["state"] in (RAN, REFUSED) and row.get(name) is not None
    }


def gate_files(folder: Path, measured: str) -> list[Path]:
    """Return verdict, report and Data Docs of one gate."""
    return [folder / "gate" / "verdict.json", folder / "gate" / "report.html", folder / measured / "data_docs"]
