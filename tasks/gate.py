"""Hold what was measured against the limits, write down the verdict with its reasons, and stop where it is no."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from retune.core import report as html
from retune.core.errors import GateError
from retune.core.gating import Check, Measurement, Verdict, about, check_limits, decide, shown
from retune.core.params.gate import GateParams
from retune.io.files import read_frame, read_json, write_json, write_text

SHOWN_ROWS = 50  # rejected rows in the report, by reason; rejected.parquet has them all
CONSEQUENCES = {"block": "or the pipeline stops", "warn": "or a warning"}


def gate(*, measurements: Path, rejected: Path, verdict: Path, report: Path, params: GateParams) -> None:
    """Write verdict and report; raise GateError if a blocking limit is broken or a gate could not be measured."""
    measured = read_json(measurements)
    subject = measured["subject"]
    found = [Measurement(**one) for one in measured["measurements"]]
    check_limits(params.limits, subject, [measurement.gate for measurement in found])
    decision = decide(found, params.limits)
    write_json(verdict, decision.as_dict())
    write_text(report, report_page(subject, decision, measured["tables"], read_frame(rejected)))
    if not decision.passed:
        raise GateError(f"the gate on {subject} ({report} names the rows)", decision.reasons)


def report_page(subject: str, decision: Verdict, tables: dict[str, Any], rejected: pd.DataFrame) -> str:
    """Return the report: the verdict, each check, what came in, and why rows fell."""
    sentence = f"The gate on {subject} lets them pass." if decision.passed else f"The gate on {subject} says no."
    sections = [
        html.verdict(decision.passed, sentence, decision.reasons, decision.warnings),
        html.section("Checks", checks_table(decision.checks)),
        *(html.section(title, html.table(table["columns"], table["rows"])) for title, table in sorted(tables.items())),
        html.section("Rejected rows", *rejected_rows(rejected)),
    ]
    return html.page(f"What the gate on {subject} says", sections, subtitle=headline(decision, rejected))


def headline(decision: Verdict, rejected: pd.DataFrame) -> str:
    """Return the numbers of checks and of rejected rows in one line."""
    counts = pd.Series([check.status for check in decision.checks], dtype="str").value_counts()
    words = {"pass": "passed", "warn": "warned", "fail": "failed", "not_run": "could not be measured"}
    told = [f"{counts[status]} {word}" for status, word in words.items() if status in counts]
    return f"{len(decision.checks)} checks: {', '.join(told)}. {rejected['row_id'].nunique()} rows were rejected."


def checks_table(checks: list[Check]) -> html.Html:
    """Return a line per check, the ones that stopped the pipeline first."""
    order = ["fail", "not_run", "warn", "pass"]
    rows = [
        [
            html.badge(check.status),
            html.join([html.element("strong", check.gate), html.element("div", about(check.gate), "soft")]),
            shown(check.value, check.unit),
            f"{check.limit}, {CONSEQUENCES[check.level]}",
            fallen(check),
        ]
        for check in sorted(checks, key=lambda check: (order.index(check.status), check.gate))
    ]
    return html.table(["verdict", "check", "value", "allowed", "rows that fell"], rows)


def fallen(check: Check) -> str:
    """Return how many rows fell, or why that is not known."""
    if check.status == "not_run":
        return check.reason
    return f"{check.rows_failed:,} of {check.rows_checked:,}" if check.rows_failed else "none"


def rejected_rows(rejected: pd.DataFrame) -> list[html.Html]:
    """Return, for each reason, the rows that fell for it, folded."""
    if rejected.empty:
        return [html.paragraph("No row was rejected.")]
    parts = [html.paragraph("A row that fell for two reasons stands under both. None of its text is shown.")]
    for reason, rows in rejected.sort_values(["reason", "row_id"]).groupby("reason", sort=True):
        summary = html.join([html.element("strong", str(reason)), f": {len(rows):,} row{'s' if len(rows) > 1 else ''}"])
        cells = rows[["row_id", "detail"]].to_numpy().tolist()
        parts.append(
            html.details(summary, html.table(["row", "why"], cells, most=SHOWN_ROWS), unfolded=len(rows) <= 10)
        )
    return parts
