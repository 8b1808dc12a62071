"""The flow calls DVC's stages in DVC's order, records what came of them, and closes its run whatever ends it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from retune.core.errors import UnavailableError
from retune.core.run_report import report_of
from retune.io.files import read_json
from retune.io.locks import exclusive
from retune.io.mlflow_store import default_uri
from retune.io.registry import CHAMPION, Registry
from retune.io.tracking import KIND, REASONS, Tracking
from tests.flows.conftest import STAGES
from tests.toy_checkout import MODEL

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.steps.PAUSE_SECONDS", 0)


def run_flow() -> tuple[Any, BaseException | None]:
    """Run the flow; returns its report as it was written, and what it raised."""
    from flows.forms import Retrain
    from flows.retrain import start
    from retune.io.place import LAST_RUN as REPORT

    REPORT.unlink(missing_ok=True)
    error: BaseException | None = None
    try:
        start(Retrain(reason="a test"))
    except BaseException as raised:  # noqa: BLE001 - it is what the test asks for
        error = raised
    return (report_of(read_json(REPORT)) if REPORT.exists() else None), error


def last_flow(client: Any) -> Any:
    from prefect.client.schemas.sorting import FlowRunSort

    return client.read_flow_runs(sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=1)[0]


def tasks_of(client: Any, flow: Any) -> dict[str, Any]:
    """Return the task runs of a flow run by name, in the order in which they started."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    for _ in range(60):  # task runs reach the server as events, a little later
        found = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow.id])))
        if found and all(run.state and run.state.is_final() for run in found):
            break
        time.sleep(0.5)
    return {run.name: run for run in sorted(found, key=lambda run: run.start_time)}


def lines_of(client: Any, task: Any) -> list[str]:
    from prefect.client.schemas.filters import LogFilter, LogFilterTaskRunId

    for _ in range(40):  # logs are sent in batches
        found = client.read_logs(LogFilter(task_run_id=LogFilterTaskRunId(any_=[task.id])))
        if any("Finished in state" in line.message for line in found):
            break
        time.sleep(0.5)
    return [line.message.strip() for line in found]


def parents(root: Path) -> list[Any]:
    tracking = Tracking(default_uri(root))
    return list(tracking.client.search_runs([tracking.experiment], f"tags.`{KIND}` = 'execution'"))


def test_stages_run_in_dvcs_order_and_leave_a_champion_and_pages(
    toy: Path, prefect_server: Any, reload_here: None, migrated_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, error = run_flow()
    assert error is None
    assert [(row.stage, row.state) for row in report.stages] == [(stage, "ran") for stage in STAGES]
    flow = last_flow(prefect_server)
    assert (flow.name, flow.state.name) == ("retrain a test", "Completed")
    tasks = tasks_of(prefect_server, flow)
    steps = [f"{step} {MODEL}" for step in ("track", "release", "report")]
    assert list(tasks) == ["prepare", "tracking", *STAGES, *steps, "record"]
    assert {"ingest starts", "ingest ends"} <= set(lines_of(prefect_server, tasks["ingest"]))
    keys = {artifact.key: artifact.type for artifact in prefect_server.read_artifacts()}
    assert keys.items() >= {"stages": "table", "summary": "markdown", "mlflow-run": "markdown"}.items()
    assert {f"stage-{stage.replace('@', '-')}" for stage in STAGES} <= set(keys)
    (parent,) = parents(toy)
    assert parent.info.status == "FINISHED"
    assert Registry(default_uri(toy), MODEL).aliases() == {CHAMPION: "1"}

    report, error = run_flow()
    assert (report, error, len(parents(toy))) == (None, None, 1), "nothing changed, so nothing is recorded"

    shutil.copyfile(migrated_database, toy / "another.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{toy / 'another.db'}")
    report, error = run_flow()
    assert error is None
    assert {row.state for row in report.stages} == {"cached"}, "what another MLflow does not know is recorded there"
    assert [(row.version, row.promoted) for row in report.models] == [("1", True)]


def test_a_gate_that_says_no_ends_the_run_with_its_reasons(toy: Path, prefect_server: Any) -> None:
    (toy / "orders" / "gate").write_text("say no")
    report, error = run_flow()
    assert getattr(error, "exit_code", None) == 3
    states = {row.stage: row.state for row in report.stages}
    assert states == {"ingest": "ran", "gate": "refused"} | dict.fromkeys(STAGES[2:], "not reached")
    flow = last_flow(prefect_server)
    assert flow.state.is_failed()
    assert "toxic: 9 of 9 rows" in flow.state.message
    assert tasks_of(prefect_server, flow)["gate"].run_count == 1, "asking a gate again changes nothing"
    (parent,) = parents(toy)
    assert parent.info.status == "FAILED"
    assert "toxic: 9 of 9 rows" in parent.data.tags[REASONS]


def test_a_killed_stage_is_tried_again_and_a_broken_one_is_not(toy: Path, prefect_server: Any) -> None:
    (toy / "orders" / "ingest").write_text("die once")
    (toy / "orders" / "gate").write_text("fail")
    report, error = run_flow()
    assert getattr(error, "exit_code", None) == 1
    assert "the toy broke" in str(error)
    assert [(row.stage, row.state) for row in report.stages[:2]] == [("ingest", "ran"), ("gate", "failed")]
    tasks = tasks_of(prefect_server, last_flow(prefect_server))
    assert (tasks["ingest"].run_count, tasks["gate"].run_count) == (2, 1)


@pytest.mark.parametrize(
    ("raised", "status"), [(TypeError("nobody expected this"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_whatever_ends_the_flow_its_run_is_closed_and_its_report_kept(
    toy: Path, prefect_server: Any, monkeypatch: pytest.MonkeyPatch, raised: BaseException, status: str
) -> None:
    def broken(**_arguments: Any) -> None:
        raise raised

    monkeypatch.setattr("flows.execution.reproduce", broken)
    report, error = run_flow()
    assert type(error) is type(raised)
    assert {row.state for row in report.stages} == {"not reached"}
    (parent,) = parents(toy)
    assert parent.info.status == status
    assert type(raised).__name__ in parent.data.tags[REASONS]


def test_mlflow_that_goes_away_at_the_end_costs_neither_the_report_nor_the_reason(
    toy: Path, prefect_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from retune.core.errors import UnavailableError

    tried = []

    def away(**_arguments: Any) -> None:
        tried.append(1)
        raise UnavailableError("MLflow is away")

    (toy / "orders" / "gate").write_text("say no")
    monkeypatch.setattr("flows.execution.record", away)
    report, error = run_flow()
    assert len(tried) == 3, "a server that was away is asked again"
    assert [failure["where"] for failure in report.failures] == ["gate", "record"]
    assert getattr(error, "exit_code", None) == 1


@pytest.mark.case("SC-5")
def test_a_run_that_is_to_wait_starts_no_second_training_beside_the_first(
    toy: Path, prefect_server: Any, reload_here: None, migrated_database: Path
) -> None:
    from flows.forms import Retrain
    from flows.plan import LOCK
    from flows.retrain import start
    from retune.io.place import LAST_RUN as REPORT

    with exclusive(toy / LOCK):  # as the trainer holds it whose heartbeat was lost
        stopped, error = run_flow()
        assert stopped is None
        assert isinstance(error, UnavailableError)
        taker = Thread(target=lambda: start(Retrain(reason="taken up", wait=True)), daemon=True)
        taker.start()
        taker.join(10)
        assert taker.is_alive()
        assert not (toy / "artifacts" / "corpus").exists()
    taker.join(240)
    assert not taker.is_alive()
    assert report_of(read_json(REPORT)).exit_code == 0
