"""One Prefect task for every stage: DVC is asked whether it changed, reproduces it, and what it counted is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from flows.steps import say
from retune.core.errors import GateError
from retune.core.run_report import CACHED, FAILED, RAN, REFUSED, StageRow
from retune.io import dvc
from retune.io.files import read_json
from retune.io.tracking import Tracking
from tasks.track import fingerprint_of, journal_of

COUNTED = ("unit", "rows_in", "rows_out", "rejected", "quarantined")


def reproduce(
    root: Path, stage: dvc.Stage, tracking: Tracking, parent: str, add: Callable[[StageRow], None]
) -> StageRow:
    """Bring one stage up to date, and hand its row to `add` whether it ends well or not.

    Raises what `retune.io.dvc.reproduce` raises.
    """
    started, state = time.monotonic(), FAILED
    try:
        if dvc.changes(root, [stage.name]):
            say(f"{stage.name:28} runs")
            with _live(root, stage, tracking, parent):
                dvc.reproduce(root, stage.name, lambda line: say(f"    {line}"))
            state = RAN
        else:
            state = CACHED
    except GateError:
        state = REFUSED
        raise
    finally:
        row = _row(root, stage, state, time.monotonic() - started)
        add(row)
        say(line_of(row))
    return row


def _live(root: Path, stage: dvc.Stage, tracking: Tracking, parent: str) -> AbstractContextManager[None]:
    """Return what forwards a training's journal to MLflow while it trains; other stages have none."""
    if stage.step != "train":
        return nullcontext()
    run = tracking.training_run(fingerprint_of(root, stage.model), name=stage.model, parent=parent)
    journal = journal_of(root, stage.model)
    return tracking.live(run.run_id, journal, journal.with_suffix(".offset"))


def _row(root: Path, stage: dvc.Stage, state: str, seconds: float) -> StageRow:
    """Return what a stage counted, from the files it left; what lies there after a failure is of an earlier run."""
    row = StageRow(stage=stage.name, state=state, seconds=round(seconds, 1))
    if state == FAILED:
        return row
    files = {Path(out).name: root / out for out in stage.outs if (root / out).exists()}
    counts = read_json(files["counts.json"]) if "counts.json" in files else {}
    verdict = ""
    if "verdict.json" in files:
        verdict = "passed" if read_json(files["verdict.json"])["passed"] else "said no"
    return replace(row, verdict=verdict, **{name: counts[name] for name in COUNTED if name in counts})


def line_of(row: StageRow) -> str:
    """Return one row as a line for the console."""
    parts = [f"{row.rows_in} -> {row.rows_out} {row.unit}"] * (row.rows_in is not None)
    parts += [f"{row.rejected} rejected"] * bool(row.rejected) + [f"{row.quarantined} quarantined"] * bool(
        row.quarantined
    )
    parts += [row.verdict] * bool(row.verdict)
    return f"{row.stage:28} {row.state:8} {row.seconds:6.1f} s  {', '.join(parts)}".rstrip()
