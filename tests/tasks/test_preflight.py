from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkout import use_settings
from retune.core.errors import UnavailableError, UserError
from retune.io.mlflow_store import connect, default_uri
from retune.project import read_project
from tasks import preflight as step
from tasks.preflight import preflight

pytestmark = pytest.mark.case("SC-6")


def ask(root: Path, **settings: Any) -> None:
    use_settings(root, {f"machine.{name}": value for name, value in settings.items()})
    preflight(root=root, project=read_project(root))


def test_a_machine_that_has_all_may_go_on(checkout: Path) -> None:
    ask(checkout, free_disk_gb=0.001, gpu=False)
    assert connect(default_uri(checkout)).get_experiment_by_name("retune"), "MLflow was asked"


def test_all_that_is_lacking_is_said_at_once(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "GPU_DEVICES", ())
    with pytest.raises(UserError) as error:
        ask(checkout, free_disk_gb=1e9, gpu=True)
    assert "1e+09 GB of free disk and a GPU" in str(error.value)
    assert "no GPU, or no driver" in error.value.found
    assert f"on the disk of {checkout}" in error.value.found


def test_a_gpu_that_is_hidden_is_none(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "GPU_DEVICES", (Path(os.devnull),))
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
