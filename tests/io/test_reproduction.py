"""A fresh checkout is what the training read, or the training does not start."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from retune.core.errors import UserError
from retune.io.files import md5_file
from retune.io.reproduction import Recipe, check, lay_out, restore, uncached
from retune.io.source import digest, listing

DECLARED = """
stages:
  train:
    foreach: {router: {}}
    do:
      cmd: train
      outs: ["a/${key}/model", {"a/${key}/timings.json": {cache: false}}, {"a/${key}/card": {push: false}}]
  other:
    cmd: other
    outs: [{"b/clock": {cache: false}}]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a checkout without git, its code in a file and a folder."""
    root = tmp_path / "checkout"
    for name in ("tasks/train.py", "retune/metrics/f1.py", "retune/metrics/__pycache__/f1.pyc", "tombstones.csv"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "dvc.yaml").write_text(DECLARED)
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text("[core]\n    remote = near\n['remote \"near\"']\n    url = ../../remote\n")
    return root


def recipe(root: Path, folder: Path) -> Recipe:
    metrics = listing(root / "retune" / "metrics")
    read = {
        "tasks/train.py": md5_file(root / "tasks/train.py"),
        "retune/metrics": digest({name: md5 for name, md5 in metrics.items() if "__pycache__" not in name}),
        "tombstones.csv": md5_file(root / "tombstones.csv"),
    }
    deps = [{"path": path, "md5": md5} for path, md5 in read.items()]
    return Recipe("router", folder, {"train@router": {"deps": deps}}, "")


def test_code_that_lies_here_unchanged_is_taken_where_there_is_no_git(root: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    assert lay_out(root, recipe(root, tmp_path), fresh) == ""
    assert (fresh / "tasks" / "train.py").exists()
    assert (fresh / "dvc.yaml").exists()


def test_code_that_was_edited_since_and_is_in_no_commit_is_named(root: Path, tmp_path: Path) -> None:
    made = recipe(root, tmp_path)
    (root / "retune/metrics/f1.py").write_text("edited")
    with pytest.raises(UserError, match="1 files are others: retune/metrics"):
        lay_out(root, made, tmp_path / "fresh")


def test_what_the_run_did_not_keep_is_taken_from_the_checkout_if_it_is_the_same(root: Path, tmp_path: Path) -> None:
    fresh, made = tmp_path / "fresh", recipe(root, tmp_path)
    fresh.mkdir()
    lay_out(root, made, fresh)
    (root / "tombstones.csv").write_text("another line")
    restore(root, made, fresh, print)
    with pytest.raises(UserError, match=r"found others: tombstones\.csv"):
        check(made, fresh)
    (root / "tombstones.csv").write_text("tombstones.csv")
    restore(root, made, fresh, print)
    check(made, fresh)


def test_remotes_are_found_from_the_fresh_checkout_and_the_cache_is_that_of_the_old(root: Path, tmp_path: Path) -> None:
    fresh, made = tmp_path / "fresh" / "deep", recipe(root, tmp_path)
    fresh.mkdir(parents=True)
    restore(root, made, fresh, print)
    config = configparser.ConfigParser()
    config.read(fresh / ".dvc" / "config")
    assert Path(config["'remote \"near\"'"]["url"]) == tmp_path / "remote"
    assert Path(config["cache"]["dir"]) == root / ".dvc" / "cache"
    assert config["core"]["no_scm"] == "true"


def test_what_dvc_does_not_keep_is_not_compared(root: Path, tmp_path: Path) -> None:
    assert uncached(root, recipe(root, tmp_path)) == ["a/router/timings.json"]
