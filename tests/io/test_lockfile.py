"""What DVC would record is what it records, so a training is known before it runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from retune.core.errors import UserError
from retune.core.fingerprint import fingerprint
from retune.io.lockfile import data_hash, hashes, planned, recorded

DVC_YAML = """
stages:
  train:
    foreach: {router: {}}
    do:
      cmd: cat rows code/step.py > model
      deps: [rows, code]
      params: [train]
      outs: [model]
"""


def mark(entry: dict[str, object]) -> str:
    return fingerprint(entry, weights_sha256="w", packages_sha256="p")


@pytest.mark.slow
def test_the_planned_training_has_the_fingerprint_of_the_recorded_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "step.py").write_text("x = 1\n")
    (tmp_path / "rows").write_text("a\n")
    (tmp_path / "params.yaml").write_text("train: {seed: 7, rates: [0.1, 0.2]}\n")
    (tmp_path / "dvc.yaml").write_text(DVC_YAML)
    for arguments in (["init", "--no-scm", "-q"], ["repro", "-q"]):
        subprocess.run([sys.executable, "-m", "dvc", *arguments], check=True)
    before = mark(recorded(tmp_path, "train@router"))
    assert mark(planned(tmp_path, "train@router")) == before
    (tmp_path / "code" / "step.py").write_text("x = 2\n")
    assert mark(planned(tmp_path, "train@router")) != before


def test_a_stage_that_never_ran_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="make pipeline"):
        recorded(tmp_path, "train@router")


def test_the_documents_hash_is_that_of_data_dvc(tmp_path: Path) -> None:
    assert data_hash(tmp_path) == ""
    (tmp_path / "data.dvc").write_text("outs:\n- md5: abc.dir\n  path: data\n")
    assert data_hash(tmp_path) == "abc.dir"
    assert hashes([{"path": "a", "md5": "1"}, {"path": "b", "etag": "2"}]) == {"a": "1", "b": "2"}
