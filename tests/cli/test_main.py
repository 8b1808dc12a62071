from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from retune.cli.main import main
from retune.cli.options import messages_aside, print_json
from retune.core.errors import EXIT_MEANINGS

HEAVY = (
    "pandas",
    "numpy",
    "torch",
    "transformers",
    "mlflow",
    "prefect",
    "dvc",
    "great_expectations",
    "pydantic",
    "yaml",
)


def test_help_needs_no_heavy_library() -> None:
    code = (
        "import sys, retune.cli.main\n"
        "retune.cli.main.main(['--help'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ended.stderr.strip() == "[]"
    for number, meaning in EXIT_MEANINGS.items():
        assert f"{number}  {meaning}" in ended.stdout


def test_outside_a_checkout_it_says_where_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run"]) == 2
    assert "no params.yaml" in capsys.readouterr().err


def test_all_that_is_wrong_in_the_settings_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")
    wrong = text.replace("timeout_seconds:", "time_out_seconds:").replace("memory_mb: 1024", "memory_mb: much")
    assert wrong.count("time_out_seconds") == 1
    (tmp_path / "params.yaml").write_text(wrong, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["run"]) == 2
    said = capsys.readouterr().err
    assert "corpus.ingest.limits.time_out_seconds: no such setting, did you mean timeout_seconds?" in said
    assert "corpus.ingest.limits.timeout_seconds: missing" in said
    assert "corpus.ingest.limits.memory_mb" in said
    assert "docs/configure.md" in said


def test_an_unknown_model_lists_the_known_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "params.yaml").write_text((Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--model", "ticket-roter"]) == 2
    assert "models of params.yaml: ticket-router; found ticket-roter" in capsys.readouterr().err


@pytest.mark.parametrize("part", ["task_type: clasification", "method: lorra", "builder: tabel"])
def test_an_unknown_part_is_named_before_anything_is_read(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")
    setting, name = part.split(": ")
    known = {"task_type": "classification", "method": "lora", "builder": "table"}[setting]
    (tmp_path / "params.yaml").write_text(text.replace(f"{setting}: {known}", part), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["run"]) == 2
    said = capsys.readouterr().err
    assert repr(name) in said
    assert f"Did you mean {known}?" in said


@pytest.mark.case("SC-6")
def test_a_model_that_is_named_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")
    twice = text.replace("models: # each", "models:\n  ticket-router: {}\n  # each", 1)
    assert twice != text
    (tmp_path / "params.yaml").write_text(twice, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["run"]) == 2
    assert "twice in one mapping: ticket-router" in capsys.readouterr().err


def test_an_error_is_one_json_value_where_a_program_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "params.yaml").write_text((Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--model", "ticket-roter", "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert (said["exit_code"], "found ticket-roter" in said["error"]) == (2, True)


def test_what_a_library_prints_is_no_part_of_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    with messages_aside(as_json=True):
        print("View run 7 at http://127.0.0.1:5000")
        print_json({"champion": "3"})
    said = capsys.readouterr()
    assert json.loads(said.out) == {"champion": "3"}
    assert "View run" in said.err
