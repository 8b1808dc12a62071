"""One Prefect for the session, and a checkout whose stages are a script: they copy what the real ones would make."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkout import use_settings
from tests.toy_checkout import MODEL, train_toy

STAGES = ["ingest", "gate", f"split@{MODEL}", f"train@{MODEL}", f"evaluate@{MODEL}"]

# What a stage does besides: `orders/<stage>` says no, fails, dies once by a signal, or waits until the file is gone.
TOY = """
import json, os, pathlib, shutil, signal, sys, time

stage, made, out = sys.argv[1:]
order = pathlib.Path("orders", stage)
told = order.read_text() if order.exists() else ""
print(f"{stage} starts")
if told == "die once":
    order.unlink()
    os.kill(os.getpid(), signal.SIGKILL)
while told == "wait" and order.exists():
    time.sleep(0.2)
shutil.copytree(made, out, dirs_exist_ok=True)
if told == "say no":
    page = {"exit_code": 3, "message": "no", "reasons": ["toxic: 9 of 9 rows"]}
    pathlib.Path(os.environ["RETUNE_FAILURE_FILE"]).write_text(json.dumps(page))
    sys.exit(3)
if told == "fail":
    sys.exit("the toy broke")
print(f"{stage} ends")
"""

GRAPH = """
stages:
  ingest:
    cmd: python toy.py ingest made/corpus/ingest artifacts/corpus/ingest
    deps: [data]
    outs: [artifacts/corpus/ingest/counts.json]
  gate:
    cmd: python toy.py gate made/corpus/gate artifacts/corpus/gate
    deps: [artifacts/corpus/ingest/counts.json]
    outs: [artifacts/corpus/gate/verdict.json, artifacts/corpus/gate/report.html]
  split:
    foreach: [MODEL]
    do:
      cmd: python toy.py split PLACE/split artifacts/models/${item}/split
      deps: [artifacts/corpus/gate/verdict.json]
      outs:
        - artifacts/models/${item}/split/train.parquet
        - artifacts/models/${item}/split/validation.parquet
        - artifacts/models/${item}/split/test.parquet
  train:
    foreach: [MODEL]
    do:
      cmd: python toy.py train PLACE/train artifacts/models/${item}/train
      deps:
        - artifacts/models/${item}/split/train.parquet
        - artifacts/models/${item}/resolve/base.json
      outs:
        - artifacts/models/${item}/train
  evaluate:
    foreach: [MODEL]
    do:
      cmd: python toy.py evaluate PLACE/evaluate artifacts/models/${item}/evaluate
      deps:
        - artifacts/models/${item}/train
        - artifacts/models/${item}/split/test.parquet
      outs:
        - artifacts/models/${item}/evaluate
"""


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[Any]:
    """Return a client of the one Prefect of the session."""
    from prefect.client.orchestration import get_client
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180), get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def toy(checkout: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the present folder: a checkout with documents and a graph of stages, in which nothing ran."""
    train_toy(checkout, tiny_base, seed=1)
    for name in ("dvc.lock", "data.dvc"):
        (checkout / name).unlink()
    (checkout / "artifacts").rename(checkout / "made")
    shutil.rmtree(checkout / "made" / "models" / MODEL / "resolve")
    documents = Path("corpus", "redact")  # no stage of the toy makes them
    shutil.copytree(checkout / "made" / documents, checkout / "artifacts" / documents)
    use_settings(checkout, {f"models.{MODEL}.resolve.base": str(tiny_base)})
    (checkout / "data").mkdir()
    (checkout / "data" / "note.md").write_text("The printer is empty again.\n")
    (checkout / "orders").mkdir()
    (checkout / "toy.py").write_text(TOY)
    (checkout / "dvc.yaml").write_text(GRAPH.replace("MODEL", MODEL).replace("PLACE", f"made/models/{MODEL}"))
    (checkout / ".dvc").mkdir()
    (checkout / ".dvc" / "config").write_text(textwrap.dedent("[core]\n    analytics = false\n"))
    for kind, name in (("task_types", "classification"), ("families", "encoder"), ("methods", "lora")):
        part = checkout / "retune" / "modeling" / kind / f"{name}.py"
        part.parent.mkdir(parents=True)
        part.write_text("# what a fingerprint would be made of\n")
    monkeypatch.chdir(checkout)
    return checkout
