"""The whole flow of a model that a service tunes: rows leave once, and what comes back is a version like any other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest

from benchmarks.checkout import use_settings
from retune.core.frames import DOCUMENTS, TEXT
from retune.io.files import read_frame, read_json, write_frame, write_json, write_text
from retune.io.mlflow_store import default_uri
from retune.io.registry import CHAMPION, Registry
from tests.conftest import CHECKOUT
from tests.flows.conftest import TOY
from tests.flows.test_retrain import last_flow, run_flow, tasks_of
from tests.io.toy_openai import KEY, ToyOpenAI, serving
from tests.tasks.hosted_toys import MODEL, OWN, make_hosted_checkout, write_splits

pytest.importorskip("openai", reason="the extra `hosted` is not installed")
pytestmark = pytest.mark.slow

PARTS = """
        --task-type retune/modeling/task_types/classification.py
        --family retune/modeling/families/hosted.py
        --method retune/modeling/methods/hosted.py
"""
GRAPH = """
stages:
  ingest:
    cmd: python toy.py ingest made/corpus/ingest artifacts/corpus/ingest
    deps: [data]
    outs: [artifacts/corpus/ingest/counts.json]
  redact:
    cmd: python toy.py redact made/corpus/redact artifacts/corpus/redact
    deps: [artifacts/corpus/ingest/counts.json]
    outs: [artifacts/corpus/redact/clean.parquet]
  validate:
    cmd: python toy.py validate made/corpus/validate artifacts/corpus/validate
    deps: [artifacts/corpus/redact/clean.parquet]
    outs: [artifacts/corpus/validate/accepted.parquet]
  gate:
    cmd: python toy.py gate made/corpus/gate artifacts/corpus/gate
    deps: [artifacts/corpus/validate/accepted.parquet]
    outs: [artifacts/corpus/gate/verdict.json, artifacts/corpus/gate/report.html]
  split:
    foreach: [MODEL]
    do:
      cmd: python toy.py split made/OWN/split artifacts/OWN/split
      deps: [artifacts/corpus/gate/verdict.json, made/OWN/split/train.parquet]
      outs: [artifacts/OWN/split/train.parquet, artifacts/OWN/split/validation.parquet,
             artifacts/OWN/split/test.parquet, artifacts/OWN/split/lineage.parquet]
  train:
    foreach: [MODEL]
    do:
      cmd: >-
        python -m tasks train --params models.MODEL.train
        --train artifacts/OWN/split/train.parquet
        --validation artifacts/OWN/split/validation.parquet
        --base artifacts/OWN/resolve/base.json PARTS
        --model artifacts/OWN/train/model --curve artifacts/OWN/train/curve.safetensors
        --history artifacts/OWN/train/history.jsonl --facts artifacts/OWN/train/facts.json
        --timings artifacts/OWN/train/timings.json
      deps: [artifacts/OWN/split/train.parquet, artifacts/OWN/split/validation.parquet, artifacts/OWN/resolve/base.json]
      params: [models.MODEL.train]
      outs: [artifacts/OWN/train/model, artifacts/OWN/train/curve.safetensors, artifacts/OWN/train/history.jsonl,
             artifacts/OWN/train/facts.json]
  evaluate:
    foreach: [MODEL]
    do:
      cmd: >-
        python -m tasks evaluate --params models.MODEL.evaluate
        --train artifacts/OWN/split/train.parquet
        --validation artifacts/OWN/split/validation.parquet
        --test artifacts/OWN/split/test.parquet
        --lineage artifacts/OWN/split/lineage.parquet
        --behaviour behaviour/MODEL.yaml
        --model artifacts/OWN/train/model --curve artifacts/OWN/train/curve.safetensors
        --base artifacts/OWN/resolve/base.json PARTS
        --predictions artifacts/OWN/evaluate/predictions.parquet --metrics artifacts/OWN/evaluate/metrics.json
        --errors artifacts/OWN/evaluate/errors.parquet --plots artifacts/OWN/evaluate/plots
      deps: [artifacts/OWN/train/model, artifacts/OWN/split/test.parquet, behaviour/MODEL.yaml]
      outs: [artifacts/OWN/evaluate/predictions.parquet, artifacts/OWN/evaluate/metrics.json,
             artifacts/OWN/evaluate/errors.parquet, artifacts/OWN/evaluate/plots]
"""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ToyOpenAI]:
    monkeypatch.setenv("TOY_KEY", KEY)
    monkeypatch.setattr("flows.steps.PAUSE_SECONDS", 0)
    with serving() as server:
        yield server


@pytest.fixture
def root(service: ToyOpenAI, tmp_path: Path, mlflow_uri: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the present folder: a checkout whose first stages copy, and whose model is tuned by the service."""
    asked = {
        f"models.{MODEL}.release.floors": ["untuned"],
        f"models.{MODEL}.evaluate.triggers": {"texts": 2, "tokens": 2},
    }
    root = make_hosted_checkout(tmp_path / "checkout", service.url, **asked)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_uri)
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path / "state"))
    made = root / "artifacts" / "corpus"
    write_json(made / "ingest" / "counts.json", {"rows_out": 42})
    write_text(made / "gate" / "report.html", "<p>all well</p>")
    documents = read_frame(root / OWN / "split" / "lineage.parquet")[["document_id"]]
    clean = documents.assign(source_path="tickets/2025.csv", access_label="internal")
    write_frame(made / "redact" / "clean.parquet", clean, {name: DOCUMENTS[name] for name in clean.columns})
    write_frame(made / "validate" / "accepted.parquet", documents.assign(created="2025-01-01"),
                {"document_id": TEXT, "created": TEXT})  # fmt: skip
    (root / "artifacts").rename(root / "made")
    (root / "dvc.lock").unlink()
    for code in ("retune", "tasks"):
        (root / code).symlink_to(CHECKOUT / code)
    (root / "data").mkdir()
    write_text(root / "data" / "note.md", "The printer is empty again.\n")
    write_text(root / "toy.py", TOY)
    write_text(root / "requirements.lock", "torch==2.13.0\n")
    own = OWN.relative_to("artifacts").as_posix()
    write_text(
        root / "dvc.yaml", GRAPH.replace("PARTS", " ".join(PARTS.split())).replace("MODEL", MODEL).replace("OWN", own)
    )
    write_text(root / ".dvc" / "config", "[core]\n    analytics = false\n")
    write_text(root / ".dvcignore", "retune\ntasks\n")
    monkeypatch.chdir(root)
    return root


def test_rows_leave_once_and_the_tuned_model_is_promoted_served_and_tuned_again_on_new_rows(
    root: Path, service: ToyOpenAI, prefect_server: Any
) -> None:
    report, error = run_flow()
    assert error is None, report and report.failures
    tasks = list(tasks_of(prefect_server, last_flow(prefect_server)))
    assert tasks.index(f"split@{MODEL}") < tasks.index(f"fine-tune {MODEL}") < tasks.index(f"train@{MODEL}")
    registry = Registry(default_uri(root), MODEL, "retune")
    assert registry.aliases()[CHAMPION] == "1"
    version = registry.version("1")
    assert version is not None
    run = mlflow.get_run(version.run_id)
    assert run.data.metrics["test/accuracy"] > 0.9
    assert run.data.metrics["train_loss"] == 0.4
    loaded = mlflow.pyfunc.load_model(f"models:/{MODEL}@{CHAMPION}")
    assert loaded.predict(pd.DataFrame({"text": ["print paper please"]}))["prediction"].tolist() == ["printer"]

    requests = service.requests.total()
    assert run_flow() == (None, None)
    assert service.requests.total() == requests, "nothing changed, so nothing is asked"

    write_new_rows(root)
    report, error = run_flow()
    assert error is None, report and report.failures
    assert len(service.jobs) == 2
    assert read_json(root / OWN / "resolve" / "base.json")["revision"] == "ftjob-0001"
    assert {row.stage: row.state for row in report.stages}[f"train@{MODEL}"] == "ran"


def test_a_failed_job_ends_the_run_with_the_reason_of_the_service(
    root: Path, service: ToyOpenAI, prefect_server: Any
) -> None:
    service.fails_with = "Line 7 has no assistant message."
    report, error = run_flow()
    assert error is not None
    assert "Line 7 has no assistant message." in str(error)
    assert [failure["where"] for failure in report.failures] == [f"train@{MODEL}"]
    use_settings(root, {"hosted.openai.enabled": False})
    requests = service.requests.total()
    _, error = run_flow()
    assert "openai is not enabled" in str(error)
    assert service.requests.total() == requests


def write_new_rows(root: Path) -> None:
    """Give the split other rows to train on."""
    again = root / "again"
    shutil.copytree(root / "made" / OWN.relative_to("artifacts"), again / OWN)
    write_splits(again, seed=1)
    shutil.copytree(again / OWN, root / "made" / OWN.relative_to("artifacts"), dirs_exist_ok=True)
