"""`retune gates` shows what each gate said, and its exit code says whether one said no."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from retune.cli.main import main
from retune.io.files import write_json
from tests.conftest import CHECKOUT

CHECK = {"gate": "toxic", "status": "pass", "level": "block", "reason": "toxic is 0%, at most 1% allowed"}


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what writes a verdict on documents or examples."""
    shutil.copyfile(CHECKOUT / "params.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)

    def say(folder: str, *, passed: bool, **check: str) -> None:
        verdict = {"passed": passed, "checks": [{**CHECK, **check}]}
        write_json(tmp_path / "artifacts" / folder / "gate" / "verdict.json", verdict)

    return say


def test_a_gate_that_says_no_is_exit_code_3_with_its_reason(said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    said("corpus", passed=True)
    said("models/ticket-router", passed=False, gate="row_count", status="fail", reason="row_count is 7, at least 100")
    assert main(["gates"]) == 3
    told = capsys.readouterr().out
    assert "The gate on the documents lets them pass: 1 of 1 checks passed" in told
    assert "fail     stops  row_count            row_count is 7, at least 100" in told


def test_json_is_the_verdicts_alone(said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    said("corpus", passed=True)
    assert main(["gates", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["documents"]["checks"] == [CHECK]


def test_before_any_run_it_says_what_to_do(said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gates"]) == 2
    assert "make pipeline" in capsys.readouterr().err
