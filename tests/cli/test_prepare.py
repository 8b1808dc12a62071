"""`retune prepare` as a person and as a program see it."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from retune.cli.main import main
from tests.conftest import CHECKOUT
from tests.core.prepare.toys import clean, labelled


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copyfile(CHECKOUT / "params.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(here: Path, rows: list[Any], name: str = "x.jsonl") -> None:
    (here / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


NOT_FIT = [
    pytest.param("x.pdf", b"a", ".CSV, .TSV, .XLSX, .TXT, .JSON, .JSONL; x.pdf ends with .pdf",
                 marks=pytest.mark.case("PD-1")),
    pytest.param("x", b"a", "is missing a file extension", marks=pytest.mark.case("PD-1")),
    pytest.param("x.jsonl", None, "does not exist", marks=pytest.mark.case("PD-2")),
    pytest.param("x.jsonl", b"{", "not valid JSONL", marks=pytest.mark.case("PD-3")),
    pytest.param("x.csv", b"prompt,completion\n\xff,\xfa", "not valid CSV", marks=pytest.mark.case("PD-3")),
    pytest.param("x.csv", b"text,label\na,b\nc,d", "`prompt` is missing", marks=pytest.mark.case("PD-10")),
    pytest.param("x.csv", b"prompt,completion\na,b\na,d", "prompts are identical", marks=pytest.mark.case("PD-17")),
    pytest.param("x.csv", b"prompt,completion\na,d\nb,d", "completions are identical",
                 marks=pytest.mark.case("PD-23")),
    pytest.param("x.csv", b"prompt,completion\na,\nb,", "completions are empty", marks=pytest.mark.case("PD-B5")),
    pytest.param("x.jsonl", b'{"prompt": ["a"], "completion": "b"}', "row 0 has a list",
                 marks=pytest.mark.case("PD-B8")),
]  # fmt: skip


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(("name", "data", "told"), NOT_FIT)
def test_a_file_that_is_not_fit_ends_with_1_and_says_why(
    name: str, data: bytes | None, told: str, as_json: bool, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if data is not None:
        (here / name).write_bytes(data)
    before = sorted(here.iterdir())
    assert main(["prepare", name, *(["--json"] if as_json else [])]) == 1
    said = capsys.readouterr()
    assert told in said.err
    assert sorted(here.iterdir()) == before
    if as_json:
        report = json.loads(said.out)
        assert (report["outcome"], report["exit_code"]) == ("unfit", 1)
        assert told in report["error"]


@pytest.mark.case("PD-29")
def test_a_file_that_is_fit_is_told_the_next_command_and_the_stop_sequence(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(here, clean())
    assert main(["prepare", "x.jsonl"]) == 0
    told = capsys.readouterr().out
    assert "Nothing to mend" in told
    assert "every prompt has to end with ` ->`" in told
    assert "Stop sequence: `.\\n`" in told
    assert f'Next: make source FROM="{here}"' in told
    assert sorted(path.name for path in here.iterdir()) == ["params.yaml", "x.jsonl"]


@pytest.mark.case("PD-B11")
def test_the_report_is_one_json_value_with_rows_findings_and_files(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(here, [*labelled(), labelled()[0]])
    assert main(["prepare", "x.jsonl", "--json", "--check"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert (report["outcome"], report["written"], report["record"]) == ("would_change", [], None)
    assert main(["prepare", "x.jsonl", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["rows"] == {"read": 121, "kept": 120, "removed": {"duplicates": [120]}}
    assert report["data_type"] == "classification"
    assert [Path(path).name for path in report["written"]] == ["x_prepared_train.jsonl", "x_prepared_valid.jsonl"]
    (said,) = [one for one in report["findings"] if one["check"] == "duplicates"]
    assert (said["level"], said["rows"], said["applied"]) == ("recommended", [120], True)


def test_wrong_usage_is_2(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(here, clean())
    assert main(["prepare", "x.jsonl", "--skip", "nothing"]) == 2
    assert main(["prepare", "x.jsonl", "--base", "owner/name"]) == 2
    assert main(["prepare"]) == 2
    assert "nothing is fetched" in capsys.readouterr().err


def test_at_a_terminal_what_is_recommended_is_asked_and_may_be_declined(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(
        here,
        [
            *({**row, "completion": row["completion"].strip(" .\n")} for row in clean()),
            {"prompt": "a", "completion": ""},
        ],
    )
    monkeypatch.setattr("retune.cli.commands.prepare._is_terminal", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\ny\n"))
    assert main(["prepare", "x.jsonl"]) == 0
    told = capsys.readouterr().out
    assert told.count("Do it?") == 2, "a separator that all rows have needs no question, an empty row none either"
    rows = [json.loads(line) for line in (here / "x_prepared.jsonl").read_text().splitlines()]
    assert [row["prompt"] for row in rows] == [row["prompt"] for row in clean()]
    assert {row["completion"][0] for row in rows} == {" "}
    assert len({row["completion"][-1] for row in rows}) > 1, "the ending was declined"


@pytest.mark.case("CH-8")
def test_conversations_are_told_in_figures(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(here, [{"messages": [{"role": "user", "content": f"hello {row}"}, {"role": "assistant", "content": "b"}]}
               for row in range(5)])  # fmt: skip
    assert main(["prepare", "x.jsonl", "--base", "bundled:minilm"]) == 0
    told = capsys.readouterr().out
    assert "5 without a system message, 0 without a user's" in told
    assert "tokens: min 14, p5 14, median 14, mean 14, p95 14, max 14" in told
    assert "20 epochs by default: 1400 tokens billed" in told
