from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkout import use_settings
from retune.core.errors import UnavailableError, UserError
from retune.io.checks import gpu
from retune.io.mlflow_store import connect, default_uri
from retune.io.registry import Registry
from retune.project import read_project
from tasks.doctor import doctor, preflight
from tests.toy_checkout import MODEL

pytestmark = pytest.mark.case("SC-6")


def ask(root: Path, **settings: Any) -> None:
    use_settings(root, {f"machine.{name}": value for name, value in settings.items()})
    preflight(root=root, project=read_project(root))


def test_a_machine_that_has_all_may_go_on(checkout: Path) -> None:
    ask(checkout, free_disk_gb=0.001, gpu=False)
    assert connect(default_uri(checkout)).get_experiment_by_name("retune"), "MLflow was asked"


def test_all_that_is_lacking_is_said_at_once(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "DEVICES", ())
    with pytest.raises(UserError) as error:
        ask(checkout, free_disk_gb=1e9, gpu=True)
    assert "at least 1e+09 GB asked" in error.value.found
    assert "no GPU, or no driver" in error.value.found
    assert f"on the disk of {checkout}" in error.value.found


def test_a_gpu_that_is_hidden_is_none(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "DEVICES", (Path(os.devnull),))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    ask(checkout, gpu=True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(UserError, match="CUDA_VISIBLE_DEVICES"):
        ask(checkout, gpu=True)


def test_an_mlflow_that_does_not_answer_is_said_first(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(UnavailableError, match=r"MLflow at http://127\.0\.0\.1:9"):
        ask(checkout, free_disk_gb=1e9)


def test_a_log_that_cannot_be_written_is_said_before_a_run(checkout: Path) -> None:
    use_settings(checkout, {"traffic.uri": "relative/folder"})
    with pytest.raises(UserError):
        ask(checkout, free_disk_gb=0)


def test_a_name_that_another_project_registered_is_refused(checkout: Path) -> None:
    client = connect(default_uri(checkout))
    client.create_registered_model("ticket-router")
    client.create_model_version("ticket-router", "file:///elsewhere")
    with pytest.raises(UserError, match="registered by something else already: ticket-router"):
        ask(checkout, free_disk_gb=0)


def test_a_store_that_takes_no_files_is_found_before_a_model_is_trained(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    name = "unwritable"
    connect(default_uri(checkout)).create_experiment(name, artifact_location=(tmp_path / "file" / "store").as_uri())
    use_settings(checkout, {"tracking.experiment": name})
    with pytest.raises(UnavailableError, match="answers, but takes no files"):
        preflight(root=checkout, project=read_project(checkout))


def test_the_probe_of_the_store_leaves_nothing_there(checkout: Path, tmp_path: Path) -> None:
    location = tmp_path / "store"
    connect(default_uri(checkout)).create_experiment("watched", artifact_location=location.as_uri())
    use_settings(checkout, {"tracking.experiment": "watched", "machine.free_disk_gb": 0})
    preflight(root=checkout, project=read_project(checkout))
    assert [path for path in location.rglob("*") if path.is_file()] == []


def test_a_prefect_server_that_is_away_is_said_before_a_run(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(UnavailableError, match=r"Prefect at http://127\.0\.0\.1:9/api does not answer"):
        ask(checkout, free_disk_gb=0)


def test_doctor_says_more_than_a_run_asks_and_stops_nothing(checkout: Path) -> None:
    (checkout / "requirements.lock").write_text("torch==0.1 \\\n    # via retune\n", encoding="utf-8")
    found = {one.check: one.finding for one in doctor(root=checkout, project=read_project(checkout))}
    assert found["packages"].condition == "warning"
    assert "torch" in found["packages"].found
    assert found["mlflow_server"].condition == "well"
    assert {"disk", "gpu", "model_names", "prefect_server", "traffic_log", "documents", "code"} <= set(found)


def test_a_champion_that_somebody_set_by_hand_is_found(checkout: Path) -> None:
    registry = Registry(default_uri(checkout), MODEL)
    registry.register(source="file:///x", model_id=None, run_id=None, tags={"retune.fingerprint": "f"})
    registry.client.set_registered_model_alias(MODEL, "champion", "1")
    found = [one.finding for one in doctor(root=checkout, project=read_project(checkout)) if one.check == "registry"]
    assert [one.condition for one in found] == ["warning"]
    assert "1" in found[0].found
