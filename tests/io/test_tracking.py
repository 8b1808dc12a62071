"""Runs in MLflow: found again by fingerprint, closed when their process died, curves logged once."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from retune.core.errors import RetuneError, UnavailableError
from retune.io.mlflow_store import HOST, PROCESS, STARTED, connect
from retune.io.tracking import PARENT, REASONS, Dataset, Tracking


@pytest.fixture
def tracking(mlflow_uri: str) -> Tracking:
    return Tracking(mlflow_uri)


def test_the_same_fingerprint_is_the_same_run_and_other_settings_make_another(tracking: Tracking) -> None:
    parent = tracking.open_parent("retrain")
    first = tracking.training_run("f1", name="ticket-router", parent=parent)
    assert tracking.training_run("f1", name="ticket-router").run_id == first.run_id
    assert tracking.training_run("f2", name="ticket-router").run_id != first.run_id
    assert tracking.client.get_run(first.run_id).data.tags[PARENT] == parent


@pytest.mark.case("TR-4")
def test_a_resumed_attempt_goes_on_in_its_run_under_the_new_parent(tracking: Tracking) -> None:
    first = tracking.training_run("f1", name="ticket-router", parent=tracking.open_parent("killed"))
    tracking.close(first.run_id, "KILLED", ["died"])
    parent = tracking.open_parent("second")
    again = tracking.training_run("f1", name="ticket-router", parent=parent)
    run = tracking.client.get_run(first.run_id)
    assert (again.run_id, again.is_finished) == (first.run_id, False)
    assert (run.info.status, run.data.tags[PARENT]) == ("RUNNING", parent)


def test_a_finished_training_stays_finished_under_its_first_parent(tracking: Tracking) -> None:
    parent = tracking.open_parent("first")
    first = tracking.training_run("f1", name="ticket-router", parent=parent)
    tracking.close(first.run_id)
    assert tracking.training_run("f1", name="ticket-router", parent=tracking.open_parent("second")).is_finished
    run = tracking.client.get_run(first.run_id)
    assert (run.info.status, run.data.tags[PARENT]) == ("FINISHED", parent)


def test_a_gate_that_said_no_leaves_a_failed_run_with_its_reasons(tracking: Tracking, tmp_path: Path) -> None:
    parent = tracking.open_parent("retrain", {"retune.stage": "gate"})
    tracking.close(parent, "FAILED", ["toxic: 0.2, at most 0.1"])
    run = tracking.client.get_run(parent)
    assert (run.info.status, run.data.tags[REASONS]) == ("FAILED", "toxic: 0.2, at most 0.1")
    assert "toxic" in Path(tracking.client.download_artifacts(parent, "reasons.json", str(tmp_path))).read_text()


def test_runs_of_dead_processes_are_closed_and_those_of_living_ones_stay(tracking: Tracking) -> None:
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    tags = {HOST: socket.gethostname(), STARTED: f"{time.time():.2f}"}
    orphan = tracking.open_parent("orphan", {**tags, PROCESS: str(dead.pid)})
    reused = tracking.open_parent("reused number", {PROCESS: "1", STARTED: "5.00"})
    elsewhere = tracking.open_parent("elsewhere", {**tags, HOST: "another-host", PROCESS: str(dead.pid)})
    mine = tracking.open_parent("mine")
    assert sorted(tracking.close_orphans()) == sorted([orphan, reused])
    status = {run: tracking.client.get_run(run).info.status for run in (orphan, reused, elsewhere, mine)}
    assert status == {orphan: "KILLED", reused: "KILLED", elsewhere: "RUNNING", mine: "RUNNING"}


def test_a_step_is_logged_once_whoever_sends_it(tracking: Tracking) -> None:
    run = tracking.open_parent("curves")
    live = [{"event": "metrics", "step": step, "values": {"loss": 1.0 / step}, "time": 5.0} for step in (1, 2)]
    tracking.curves(run).log([*live, live[0]])
    history = [{"event": "metrics", "step": step, "values": {"loss": 1.0 / step, "note": "text"}} for step in (1, 2, 3)]
    tracking.curves(run).log([*history, {"event": "finding", "step": 3, "values": {}}])
    points = tracking.client.get_metric_history(run, "loss")
    assert [(point.step, point.value) for point in points] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert points[0].timestamp == 5000


def test_more_metrics_than_a_batch_holds_all_arrive(tracking: Tracking) -> None:
    run = tracking.open_parent("many")
    tracking.curves(run).log([{"event": "metrics", "step": step, "values": {"loss": 0.5}} for step in range(2500)])
    assert len(tracking.client.get_metric_history(run, "loss")) == 2500


def test_settings_are_logged_flat_and_twice_is_once(tracking: Tracking) -> None:
    run = tracking.open_parent("params")
    for _ in range(2):
        tracking.log_params(run, {"train": {"seed": 7, "lora": {"rank": 8}}, "family": "encoder"})
    params = tracking.client.get_run(run).data.params
    assert params == {"train.seed": "7", "train.lora.rank": "8", "family": "encoder"}


def test_a_dataset_is_an_input_under_its_dvc_hash(tracking: Tracking) -> None:
    run = tracking.open_parent("inputs")
    folder = Dataset("documents", "data", "0123456789abcdef0123456789abcdef.dir", "documents")
    table = Dataset("train", "artifacts/train.parquet", "f" * 32, "training", rows=12)
    for _ in range(2):
        tracking.log_datasets(run, [folder, table])
    inputs = tracking.client.get_run(run).inputs
    assert inputs is not None
    assert {one.dataset.name: one.dataset.digest for one in inputs.dataset_inputs} == {
        "documents": folder.md5,
        "train": table.md5,
    }


def test_a_training_is_followed_live_with_the_machines_metrics(tracking: Tracking, tmp_path: Path) -> None:
    run, journal = tracking.open_parent("live"), tmp_path / "journal.jsonl"
    with tracking.live(run, journal, tmp_path / "offset.json", pause_seconds=0.05):
        for step in (1, 2):
            with journal.open("a", encoding="utf-8") as stream:
                stream.write(
                    json.dumps({"event": "metrics", "step": step, "values": {"loss": 0.5}, "time": 1.5}) + "\n"
                )
        deadline = time.monotonic() + 20
        while "system/cpu_utilization_percentage" not in tracking.client.get_run(run).data.metrics:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert [point.step for point in tracking.client.get_metric_history(run, "loss")] == [1, 2]


def test_a_training_that_fails_leaves_a_failed_run_with_the_reason(tracking: Tracking, tmp_path: Path) -> None:
    run = tracking.training_run("f1", name="ticket-router").run_id
    with pytest.raises(RetuneError), tracking.live(run, tmp_path / "journal.jsonl", tmp_path / "offset.json"):
        raise RetuneError("the stage train failed")
    found = tracking.client.get_run(run)
    assert (found.info.status, found.data.tags[REASONS]) == ("FAILED", "the stage train failed")


@pytest.mark.parametrize(
    ("accepts", "says"),
    [
        pytest.param(False, "does not answer: Connection refused", id="refuses"),
        pytest.param(True, "does not answer: ", id="hangs", marks=pytest.mark.slow),
    ],
)
def test_a_server_that_does_not_answer_is_said_in_seconds_with_what_to_do(accepts: bool, says: str) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if accepts:
            server.listen()
        begin = time.monotonic()
        with pytest.raises(UnavailableError, match=f"{says}.*start the server or correct MLFLOW_TRACKING_URI"):
            connect(f"http://127.0.0.1:{server.getsockname()[1]}")
    assert time.monotonic() - begin < 25


@pytest.mark.slow
def test_a_new_database_is_whole_before_it_bears_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    def dies(self: object, **_: object) -> None:
        raise KeyboardInterrupt

    database = tmp_path / "mlflow.db"
    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "search_experiments", dies)
        with pytest.raises(KeyboardInterrupt):
            connect(f"sqlite:///{database}")
    assert not database.exists()
