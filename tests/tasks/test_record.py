"""An execution leaves a run that says what it did, also when a gate stopped it."""

import json
import math
from pathlib import Path

import pytest

from retune.core.errors import GateError
from retune.core.run_report import CACHED, RAN, REFUSED, ModelRow, RunReport, StageRow
from retune.io.mlflow_store import default_uri
from retune.io.tracking import NOTE, Tracking
from tasks.record import record
from tests.toy_checkout import MODEL


def test_the_run_of_an_execution_has_its_counts_reports_and_lineage(checkout: Path, tmp_path: Path) -> None:
    tracking = Tracking(default_uri(checkout))
    parent = tracking.open_parent("retrain by hand")
    training = tracking.training_run("f1", name=MODEL, parent=parent).run_id
    report = RunReport()
    report.stages.append(
        StageRow(f"split@{MODEL}", RAN, seconds=1.5, unit="examples", rows_in=30, rows_out=28, rejected=2)
    )
    report.stages.append(StageRow("ingest", CACHED, rows_in=9, rows_out=9))
    report.stages.append(StageRow("gate", REFUSED, seconds=0.5, verdict="said no"))
    report.models.append(ModelRow(MODEL, "2", "1", promoted=False, reasons=("not better",)))
    report.alert(MODEL, ["topics moved"])
    report.fail("gate", GateError("gate", ["toxic: 0.2, at most 0.1"]))
    record(root=checkout, run=parent, report=report.as_dict())
    run = tracking.client.get_run(parent)
    assert run.data.metrics[f"split/{MODEL}/rejected"] == 2
    assert not any(name.startswith("ingest") for name in run.data.metrics)
    assert run.data.tags["retune.exit_code"] == "3"
    assert run.data.tags["retune.stages_run"] == f"split@{MODEL}, gate"
    assert run.data.tags[f"retune.champion.{MODEL}"] == "1"
    for said in (
        "drift started this run",
        "topics moved",
        "version 2 was not promoted",
        "* not better",
        "**gate** stopped",
        "* toxic: 0.2, at most 0.1",
    ):
        assert said in run.data.tags[NOTE]
    assert run.inputs is not None
    assert [one.dataset.digest for one in run.inputs.dataset_inputs] == ["d" * 32 + ".dir"]
    got = Path(tracking.client.download_artifacts(parent, "", str(tmp_path)))
    for name in ("report.json", "lineage/params.yaml", "gates/documents/report.html", f"gates/{MODEL}/verdict.json"):
        assert (got / name).exists(), name
    assert (got / "gates" / "documents" / "data_docs" / "index.html").exists()
    assert tracking.client.get_run(training).info.status == "FAILED"


@pytest.mark.case("OP-1")
def test_the_run_of_an_execution_says_what_it_took_and_the_total_is_the_sum_of_its_steps(
    checkout: Path, tmp_path: Path
) -> None:
    tracking = Tracking(default_uri(checkout))
    parent = tracking.open_parent("retrain by hand")
    stages = [StageRow("ingest", RAN, seconds=1.5), StageRow(f"train@{MODEL}", RAN, seconds=98.5)]
    record(root=checkout, run=parent, report=RunReport(stages=stages, seconds=112.4).as_dict())
    found = json.loads(Path(tracking.client.download_artifacts(parent, "footprint.json", str(tmp_path))).read_text())
    logged = tracking.client.get_run(parent).data.metrics
    for name in ("seconds", "price", "kwh", "grams_co2e"):
        total = math.fsum(step[name] for step in found["steps"])
        assert found["total"][name] == total == logged[f"footprint/{name}"]
    assert found["total"]["seconds"] == pytest.approx(112.4)
    assert "Estimated, not metered" in found["method"]
