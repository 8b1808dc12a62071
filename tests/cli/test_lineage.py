"""`retune lineage` answers people and programs, from the index alone, and says what it does not know."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from retune.cli.commands.lineage import main
from retune.core.errors import UserError
from retune.core.lineage import Link, Name, Training
from retune.io.lineage import writing
from tests.conftest import CHECKOUT

ROUTER, SORTER = Name("router", "1"), Name("sorter", "1")
PARTS = {"mlflow", "pandas", "numpy", "pyarrow", "prefect", "dvc", "torch"}
ASK = f"""
import sys
from retune.cli.main import main
code = main(sys.argv[1:])
print(sorted({PARTS} & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout whose index knows three versions of two models, and of one of them nothing more."""
    monkeypatch.delenv("RETUNE_STATE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").touch()
    first = [
        Link("t:1", "tickets/2025.csv", "internal", "e1", "train"),
        Link("t:2", "tickets/2025.csv", "internal", "e2", "test"),
        Link("board.md", "board.md", "restricted", "", ""),
    ]
    with writing(tmp_path) as index:
        index.record(Training("r1", ROUTER, "2026-01-01", datasets={"documents": "d1.dir"}), first)
        index.record(Training("r2", Name("router", "2"), "2026-02-01", parent=ROUTER), [first[1]])
        index.record(Training("r3", SORTER, "2025-01-01", is_known=False), [])
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], **asked: Any) -> str:
    assert main(**asked) == 0
    return capsys.readouterr().out


@pytest.mark.case("LN-1")
def test_a_document_is_told_with_its_versions_their_descendants_and_what_is_unknown(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = told(capsys, document="t:1")
    assert "router 1: was trained on it" in out
    assert "router 2: continues a version that learnt from it" in out
    assert "sorter 1: cannot be told" in out
    assert "no version is known to have seen it" in told(capsys, document="board.md")


@pytest.mark.case("LN-1")
def test_a_program_gets_the_links_of_a_version_with_those_that_it_learnt_by_its_parent(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = json.loads(told(capsys, version="2", as_json=True))
    own, inherited = answer["links"]
    assert (own["document_id"], own["model"], own["version"]) == ("t:2", "router", "2")
    assert (inherited["document_id"], inherited["version"]) == ("t:1", "1"), "its test rows taught the child nothing"
    assert answer["continues"] == [{"model": "router", "version": "1"}]


@pytest.mark.case("LN-1")
def test_a_version_is_told_with_its_files_data_versions_and_descendants(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = told(capsys, version="1", model="router")
    for expected in ("2 examples from tickets/2025.csv", "d1.dir", "access labels: internal", "continued by: router 2"):
        assert expected in out
    assert "cannot be told" in told(capsys, version="1", model="sorter")


def test_a_file_and_an_example_lead_to_the_same_versions(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_file = json.loads(told(capsys, source="tickets", as_json=True))
    assert by_file["documents"] == ["t:1", "t:2"]
    assert by_file["versions"][0] == {"model": "router", "version": "1", "sides": ["train", "test"]}
    assert "1 document: t:1" in told(capsys, example="e1")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "one of --document"),
        ({"document": "t:1", "source": "tickets"}, "--document and --source"),
        ({"document": "t:9"}, "found t:9"),
        ({"source": "nowhere/"}, "found nowhere/"),
        ({"example": "e9"}, "found e9"),
        ({"version": "9"}, "router 1, router 2"),
        ({"version": "1"}, "one model; found router, sorter"),
    ],
)
def test_what_is_wrong_with_a_question_is_said(here: Path, asked: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        main(**asked)


def test_who_finds_nothing_hears_of_which_versions_it_cannot_be_told(here: Path) -> None:
    with pytest.raises(UserError, match="Of sorter 1 it cannot be told"):
        main(document="t:9")


@pytest.mark.case("LN-1")
def test_the_command_answers_without_any_heavy_library(here: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK, "lineage", "--document", "t:1", "--json"],
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["versions"][0]["version"] == "1"
    assert done.stderr == "[]\n"
