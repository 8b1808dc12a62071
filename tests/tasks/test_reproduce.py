"""A version is trained again by its own code on its own documents, though both have changed since."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from retune.cli.commands import reproduce as command
from retune.core import tombstones as stones
from retune.core.errors import EXIT_INTEGRITY, EXIT_SUCCESS, UserError
from retune.io import dvc, lockfile, tombstones
from retune.io.mlflow_store import default_uri
from retune.io.registry import FINGERPRINT, Registry
from retune.io.revisions import as_tags
from retune.io.tracking import Tracking
from tasks.reproduce import reproduce
from tests.conftest import CHECKOUT

MODEL = "ticket-router"
STAGES = f"""
stages:
  train:
    foreach: {{{MODEL}: {{}}}}
    do:
      cmd: python tasks/train.py
      deps: [data, tasks/train.py, "artifacts/models/${{key}}/resolve/base.json"]
      outs:
      - artifacts/models/${{key}}/train/model.txt
      - artifacts/models/${{key}}/train/timings.json:
          cache: false
  evaluate:
    foreach: {{{MODEL}: {{}}}}
    do:
      cmd: python tasks/evaluate.py
      deps: [tasks/evaluate.py, "artifacts/models/${{key}}/train/model.txt"]
      outs:
      - artifacts/models/${{key}}/evaluate/metrics.json
      - artifacts/models/${{key}}/evaluate/predictions.parquet
"""
TRAIN = f"""
import time
from pathlib import Path
luck = Path("LUCK")  # what no dependency tells of
out = Path("artifacts/models/{MODEL}/train")
out.mkdir(parents=True, exist_ok=True)
texts = [path.read_text() for path in sorted(Path("data").iterdir())]
(out / "model.txt").write_text(luck.read_text() if luck.exists() else "".join(texts))
(out / "timings.json").write_text(str(time.time()))
"""
EVALUATE = f"""
import json
from pathlib import Path
import pandas
place = Path("artifacts/models/{MODEL}")
right = len((place / "train/model.txt").read_text()) / 10
out = place / "evaluate"
out.mkdir(parents=True, exist_ok=True)
score = dict(value=right, low=right - 0.1, high=right + 0.1)
(out / "metrics.json").write_text(json.dumps(dict(model=dict(accuracy=score))))
pandas.DataFrame(dict(example_id=["e1", "e2"], prediction=["a", str(right)])).to_parquet(out / "predictions.parquet")
"""


@dataclass
class Trained:
    """A checkout with one registered version; what came after it is in the working tree."""

    root: Path
    registry: Registry

    def again(self) -> int:
        """Run the command and return its exit code."""
        return command.main("1")


@pytest.fixture
def trained(tmp_path: Path, mlflow_uri: str, monkeypatch: pytest.MonkeyPatch) -> Trained:
    """Return a checkout that trained version 1, and whose documents, code and settings changed since."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_uri)
    monkeypatch.delenv("RETUNE_STATE", raising=False)
    root = tmp_path / "checkout"
    for name, content in {
        "dvc.yaml": STAGES,
        "tasks/train.py": TRAIN,
        "tasks/evaluate.py": EVALUATE,
        "data/one.txt": "12345",
        "data/two.txt": "678",
        f"artifacts/models/{MODEL}/resolve/base.json": "{}",
        ".gitignore": "/artifacts\n/data\n/.retune\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    shutil.copyfile(CHECKOUT / "params.yaml", root / "params.yaml")
    monkeypatch.chdir(root)
    subprocess.run(["git", "init", "--quiet", "."], cwd=root, check=True)
    dvc.run(root, ["init", "--quiet"], print)
    dvc.run(root, ["add", "data"], print)
    assert dvc.run(root, ["repro"], print)[0] == 0
    commit(root)
    registry = register(root)
    (root / "data" / "three.txt").write_text("a document that came later")
    (root / "tasks" / "train.py").write_text("raise SystemExit('code of later')")
    (root / f"artifacts/models/{MODEL}/resolve/base.json").write_text('{"later": true}')
    return Trained(root, registry)


def commit(root: Path) -> None:
    """Commit what git tracks of a checkout."""
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    subprocess.run(["git", *settings, "commit", "--quiet", "--message", "code"], cwd=root, check=True)


def register(root: Path) -> Registry:
    """Record the training as track does, and return the registry that has its version."""
    uri = default_uri(root)
    tracking, registry = Tracking(uri), Registry(uri, MODEL)
    run = tracking.training_run("f1", name=MODEL).run_id
    place = root / "artifacts" / "models" / MODEL
    tracking.log_files(run, [*(root / name for name in lockfile.LINEAGE), place / "resolve" / "base.json"], "lineage")
    tracking.log_files(run, sorted((place / "evaluate").iterdir()), "evaluation")
    tracking.set_tags(run, as_tags(root))
    registry.register(source="s3://bucket/model", model_id=None, run_id=run, tags={FINGERPRINT: "f1"})
    return registry


@pytest.mark.slow
def test_a_version_is_reproduced_byte_for_byte_though_code_and_documents_have_changed(
    trained: Trained, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained.again() == EXIT_SUCCESS
    assert f"    train@{MODEL}\n    evaluate@{MODEL}\n" in capsys.readouterr().out, "nothing is taken from a cache"
    made = reproduce(root=trained.root, model=MODEL, version="1", say=print, keep=True)
    assert (made.agrees, made.differing, made.files, made.answered_otherwise) == (True, (), 3, 0)
    assert made.scores[0].again == 0.8
    kept = trained.root / ".retune" / "reproductions" / f"{MODEL}-1"
    assert sorted(path.name for path in (kept / "data").iterdir() if path.suffix == ".txt") == ["one.txt", "two.txt"]
    assert (trained.root / "data" / "three.txt").exists(), "the checkout itself is left as it is"


@pytest.mark.slow
def test_a_training_that_gives_something_else_is_told_with_where_it_differs(
    trained: Trained, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    restored = dvc.run

    def unlucky(root: Path, arguments: list[str], *others: object) -> tuple[int, list[str]]:
        if arguments[0] == "repro":
            (root / "LUCK").write_text("1")
        return restored(root, arguments, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(dvc, "run", unlucky)
    assert trained.again() == EXIT_INTEGRITY
    out = capsys.readouterr().out
    assert "accuracy     0.1000, recorded 0.8000" in out
    assert "DOES NOT AGREE" in out
    assert "3 of 3 files have other bytes" in out
    assert "1 of 2 test rows are answered otherwise" in out


@pytest.mark.slow
def test_documents_that_are_in_no_cache_any_more_are_said_to_be_gone(trained: Trained) -> None:
    shutil.rmtree(trained.root / ".dvc" / "cache")
    with pytest.raises(UserError, match="neither in DVC's cache nor in its remote: fetch it from another checkout"):
        trained.again()
    made = stones.tombstones([(stones.DOCUMENT, "tickets:1")], b"k" * 32, "main", "2026-11-22")
    tombstones.write(tombstones.path_of(trained.root), made)
    with pytest.raises(UserError, match=r"deleted on request here.*do not fetch"):
        trained.again()


@pytest.mark.slow
@pytest.mark.case("LN-2")
def test_a_version_whose_documents_were_deleted_on_request_is_refused(trained: Trained) -> None:
    trained.registry.tag("1", {"retune.erased": "receipt 7"})
    with pytest.raises(UserError, match="deleted since: receipt 7"):
        trained.again()


def test_a_version_that_is_not_there_is_a_wrong_usage(checkout: Path) -> None:
    for number in ("7", "champion"):
        with pytest.raises(UserError, match=f"found {number}"):
            reproduce(root=checkout, model=MODEL, version=number, say=print)
