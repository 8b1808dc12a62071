"""`retune recipe` lists, prints and writes complete settings; what would not hold leaves params.yaml as it is."""

import json
import shutil
from pathlib import Path

import pytest

from retune.cli.main import main
from retune.project import read_project
from tests.conftest import CHECKOUT


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copyfile(CHECKOUT / "params.yaml", tmp_path / "params.yaml")
    shutil.copytree(CHECKOUT / "recipes", tmp_path / "recipes")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_name_all_recipes_are_listed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipe", "--json"]) == 0
    assert "Alpaca-LoRA" in json.loads(capsys.readouterr().out)["alpaca_lora"]


def test_a_recipe_is_printed_and_only_written_when_that_is_asked(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (here / "params.yaml").read_text()
    assert main(["recipe", "alpaca_lora"]) == 0
    assert "\n  alpaca-lora:\n    task_type: text_generation\n" in capsys.readouterr().out
    assert (here / "params.yaml").read_text() == before
    assert main(["recipe", "alpaca_lora", "--model", "helper", "--write"]) == 0
    assert list(read_project(here).models) == ["ticket-router", "helper"]


def test_what_would_not_hold_is_not_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (here / "params.yaml").read_text()
    for arguments in (["chats"], ["chat", "--model", "Not A Name"], ["chat", "--model", "ticket-router"]):
        assert main(["recipe", *arguments, "--write"]) == 2
    assert (here / "params.yaml").read_text() == before
    assert "Did you mean chat?" in capsys.readouterr().err
