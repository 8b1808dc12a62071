"""What a run leaves on Prefect's pages: a table of stages and gates, a summary, and links."""

from __future__ import annotations

import re
from collections.abc import Sequence

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from retune.core.drift.trigger import Monitored
from retune.core.run_report import RunReport, StageRow


def key(text: str) -> str:
    """Return a text as an artifact's key: Prefect takes lower-case letters, digits and dashes alone."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def stage(row: StageRow) -> None:
    """Publish one stage's counts under the stage's own name, so that its page shows their history."""
    create_table_artifact(key=key(f"stage-{row.stage}"), table=[_cells(row)], description=f"Stage {row.stage}")


def publish(report: RunReport) -> None:
    """Publish the run: the table of stages and gates, the summary in markdown, and the links."""
    create_table_artifact(key="stages", table=[_cells(row) for row in report.stages], description="Stages and gates")
    create_markdown_artifact(key="summary", markdown=markdown(report), description="What came of this run")
    for name, link in report.links.items():
        if link.startswith(("http://", "https://")):
            create_link_artifact(key=key(name), link=link, link_text=name, description=f"[{name}]({link})")


def publish_windows(found: Sequence[Monitored]) -> None:
    """Publish what the monitor found: a table of windows, and a link to the report of each."""
    rows = [
        {"model": one.model, "champion": one.version, "source": window.source, "rows": window.rows,
         "verdict": window.verdict, "why": window.why}
        for one in found for window in one.windows
    ]  # fmt: skip
    create_table_artifact(key="windows", table=rows, description="What is new, against what the champion learnt")
    for one in found:
        for window in one.windows:
            if window.run_url.startswith(("http://", "https://")):
                name = f"{one.model} {window.source}"
                create_link_artifact(key=key(f"drift-{name}"), link=window.run_url, link_text=f"report of {name}")


def _cells(row: StageRow) -> dict[str, str | int | float]:
    """Return one row of the table."""
    return {
        "stage": row.stage,
        "state": row.state,
        "seconds": row.seconds,
        "in": "" if row.rows_in is None else row.rows_in,
        "out": "" if row.rows_out is None else row.rows_out,
        "rejected": row.rejected,
        "quarantined": row.quarantined,
        "verdict": row.verdict,
    }


def markdown(report: RunReport) -> str:
    """Return the report of a run in markdown."""
    lines = ["# Retrain", "", f"{report.seconds:.0f} s, exit code {report.exit_code}", ""]
    lines += [*(f"**{alert}**\n" for alert in report.alerts)]
    for row in report.models:
        verb = "promoted" if row.promoted else "not promoted"
        lines += [
            f"## {row.model}",
            "",
            f"Version {row.version} was {verb}; the champion is version {row.champion}.",
            "",
        ]
        lines += [f"* {line}" for line in [*row.reasons, *[row.note] * bool(row.note)]] + [""]
    for failure in report.failures:
        lines += (
            [f"**{failure['where']}** stopped the run:", ""] + [f"* {reason}" for reason in failure["reasons"]] + [""]
        )
    return "\n".join(lines)
