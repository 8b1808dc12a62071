"""`retune repro` goes as far as it is asked to, and knows the stages that there are."""

import shutil
from pathlib import Path

import pytest

from retune.cli.commands.repro import hold_to_known, models_of
from retune.cli.main import main
from retune.core.errors import UserError
from retune.io import dvc
from tests.conftest import CHECKOUT


def test_a_misspelt_stage_is_named_with_the_one_that_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copyfile(CHECKOUT / name, tmp_path / name)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    no_scm = true\n")
    monkeypatch.chdir(tmp_path)
    known = [stage.name for stage in dvc.stages(tmp_path)]
    hold_to_known(["gate", "split@ticket-router"], known)
    with pytest.raises(UserError, match="Did you mean split@ticket-router"):
        hold_to_known(["splitt@ticket-router"], known)


def test_only_the_bases_of_the_models_that_are_asked_for_are_pinned() -> None:
    assert models_of(["gate", "split@tickets", "train@tickets"]) == ["tickets"]
    assert models_of([]) == []


def test_a_stage_of_an_unknown_model_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(CHECKOUT / "params.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    assert main(["repro", "split@tickets"]) == 2
    assert "expected models of params.yaml: ticket-router; found tickets" in capsys.readouterr().err
