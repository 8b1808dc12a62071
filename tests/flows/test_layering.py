"""A model whose base is its own champion is pinned before anything runs, and again before it trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkout import use_settings
from retune.core.frames import SEEN
from retune.io.files import read_frame, read_json, write_frame
from retune.io.place import Place
from tests.flows.test_retrain import last_flow, run_flow, tasks_of
from tests.toy_checkout import MODEL

pytestmark = pytest.mark.slow


def test_a_training_continues_the_champion_and_a_run_without_new_rows_changes_nothing(
    toy: Path, prefect_server: Any, reload_here: None
) -> None:
    place = Place(toy, MODEL)
    rows = read_frame(toy / "made" / "models" / MODEL / "split" / "train.parquet")[["example_id"]]
    write_frame(place.model / "profile" / "seen.parquet", rows.assign(text_sha256="0" * 64, side="train"), SEEN)
    report, error = run_flow()
    assert error is None
    assert report.models[0].champion == "1"
    use_settings(toy, {f"models.{MODEL}.resolve.base": f"registry:{MODEL}@champion"})
    report, error = run_flow()
    assert error is None
    assert read_json(place.base)["parent"]["version"] == "1"
    tasks = list(tasks_of(prefect_server, last_flow(prefect_server)))
    assert tasks.index(f"split@{MODEL}") < tasks.index(f"resolve {MODEL}") < tasks.index(f"train@{MODEL}")
    assert {row.stage: row.state for row in report.stages}[f"train@{MODEL}"] == "ran"
    report, error = run_flow()
    assert (report, error) == (None, None), "nothing changed, so the parent stays and nothing runs"
