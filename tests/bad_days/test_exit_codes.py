"""Each way in which a step can end has its exit code, its message, and no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from benchmarks.checkout import checkout, use_documents, use_settings
from retune.core.errors import EXIT_FAILURE, EXIT_GATE, EXIT_INTEGRITY, EXIT_SUCCESS, EXIT_USAGE
from retune.core.frames import REJECTED
from retune.core.params.resolve import ResolveParams
from retune.io.files import read_json, write_frame, write_json
from tasks.resolve import resolve
from tests.bad_days.conftest import change_settings, make_documents
from tests.bad_days.test_kills import give_split_its_inputs
from tests.conftest import CHECKOUT
from tests.stages import MODEL, run_here, words_of

pytestmark = pytest.mark.case("OP-3")
PINNED = Path("artifacts/models") / MODEL / "resolve" / "base.json"


def ended(root: Path, stage: str) -> tuple[int, str]:
    """Run a stage in a process of its own, and return its exit code and what it said."""
    command = [sys.executable, "-m", "tasks", *words_of(stage)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    process = subprocess.run(command, cwd=root, env=environment, check=False, capture_output=True, text=True)
    assert "Traceback" not in process.stderr
    return process.returncode, process.stderr


def pin_files(root: Path) -> Path:
    """Pin a base of two files that nobody could load, and return the one with the weights."""
    base = root.parent / "base"
    base.mkdir()
    (base / "config.json").write_text('{"model_type": "bert"}')
    save_file({"weights": np.zeros(1)}, base / "model.safetensors")
    resolve(root=root, model=MODEL, params=ResolveParams(base=str(base), revision=None, licences=()))
    return base / "model.safetensors"


def test_a_step_that_ends_well_is_0(toy: Path) -> None:
    give_split_its_inputs(toy)
    assert ended(toy, "split") == (EXIT_SUCCESS, "")


def test_what_the_machine_refuses_is_1(toy: Path) -> None:
    code, said = ended(toy, "split")
    assert code == EXIT_FAILURE
    assert "No such file or directory" in said


def test_a_wrong_setting_is_2(toy: Path) -> None:
    give_split_its_inputs(toy)
    change_settings(toy, {f"models.{MODEL}.split.sede": 17})
    code, said = ended(toy, "split")
    assert code == EXIT_USAGE
    assert f"models.{MODEL}.split.sede: no such setting, did you mean seed?" in said


def test_a_gate_that_says_no_is_3_and_its_verdict_and_report_stand(toy: Path) -> None:
    corpus = toy / "artifacts" / "corpus"
    write_json(corpus / "validate" / "measurements.json", {"subject": "documents", "measurements": [], "tables": {}})
    write_frame(corpus / "validate" / "rejected.parquet", pd.DataFrame(columns=list(REJECTED)), REJECTED)
    code, said = ended(toy, "gate")
    assert code == EXIT_GATE
    assert "row_count" in said
    assert read_json(corpus / "gate" / "verdict.json")["passed"] is False
    assert (corpus / "gate" / "report.html").exists()


def test_a_base_whose_bytes_changed_is_5(toy: Path) -> None:
    weights = pin_files(toy)
    weights.write_bytes(b"Weights")
    code, said = ended(toy, "train")
    assert code == EXIT_INTEGRITY
    assert "model.safetensors should have the sha256" in said


def test_a_pinned_hash_that_changed_by_one_digit_is_5(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pin_files(toy)
    pinned = read_json(toy / PINNED)
    digest = pinned["files"]["model.safetensors"]
    pinned["files"]["model.safetensors"] = ("0" if digest[0] != "0" else "1") + digest[1:]
    write_json(toy / PINNED, pinned)
    monkeypatch.chdir(toy)
    assert run_here("train") == EXIT_INTEGRITY
    assert "model.safetensors should have the sha256" in capsys.readouterr().err


def test_a_base_that_is_gone_says_where_it_should_be(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = pin_files(toy)
    for path in weights.parent.iterdir():
        path.unlink()
    weights.parent.rmdir()
    monkeypatch.chdir(toy)
    assert run_here("train") == EXIT_USAGE
    assert f"the base model in {weights.parent}" in capsys.readouterr().err


@pytest.mark.slow
def test_a_base_that_is_not_there_stops_the_run_before_anything_starts(tmp_path: Path) -> None:
    with checkout() as root:
        use_settings(root, {f"models.{MODEL}.resolve.base": str(root / "nowhere")})
        use_documents(root, make_documents(tmp_path / "documents"))
        environment = {name: value for name, value in os.environ.items() if name != "RETUNE_STATE"}
        environment["PYTHONPATH"] = str(root)
        command = [sys.executable, "-m", "retune.cli.main", "run"]
        process = subprocess.run(command, cwd=root, env=environment, check=False, capture_output=True, text=True)
        assert process.returncode == EXIT_USAGE
        assert "Correct `base` in params.yaml" in process.stderr
        assert "Traceback" not in process.stderr
        assert not (root / "artifacts").exists()
        assert not (root / ".prefect").exists()
