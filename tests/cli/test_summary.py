from __future__ import annotations

from pathlib import Path

import pytest

from retune.cli import summary
from retune.core.errors import GateError
from retune.core.run_report import RAN, REFUSED, ModelRow, RunReport, StageRow
from retune.io.files import write_json

SCORE = {"value": 0.9, "low": 0.85, "high": 0.94}


def shown(root: Path, report: RunReport, capsys: pytest.CaptureFixture[str]) -> str:
    summary.show(root, report, seconds=12)
    return capsys.readouterr().out


def test_the_summary_says_what_came_in_what_gates_said_the_scores_and_the_champion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = [{"status": "pass", "reason": "fine"}, {"status": "warn", "reason": "language is 7%, at most 5% allowed"}]
    write_json(tmp_path / "artifacts" / "corpus" / "gate" / "verdict.json", {"passed": True, "checks": checks})
    row = StageRow("ingest", RAN, seconds=3, unit="files", rows_in=86, rows_out=81, quarantined=5)
    model = ModelRow("router", "2", "2", True, ("better than version 1",), {"accuracy": SCORE, "probe accuracy": SCORE},
                     note="1.0% changed sides")  # fmt: skip
    out = shown(tmp_path, RunReport(stages=[row], models=[model]), capsys)
    assert "5 quarantined" in out
    assert "gate of corpus: 1 of 2 checks passed" in out
    assert "warn: language is 7%, at most 5% allowed" in out
    assert "version 2 was promoted; the champion is version 2" in out
    assert "0.900  (0.850 to 0.940)" in out
    assert "better than version 1" in out
    assert "1.0% changed sides" in out
    assert "success (exit code 0) after 12 s" in out
    assert "make ui" in out


def test_gates_of_models_that_the_run_was_not_about_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for model in ("router", "other"):
        folder = tmp_path / "artifacts" / "models" / model / "gate"
        write_json(folder / "verdict.json", {"passed": True, "checks": [{"status": "pass", "reason": "fine"}]})
        (folder / "report.html").write_text("")
    out = shown(tmp_path, RunReport(stages=[StageRow("gate_examples@router", RAN)]), capsys)
    assert "gate of router: 1 of 1 checks passed" in out
    assert "report         artifacts/models/router/gate/report.html" in out
    assert "other" not in out


def test_a_run_that_a_gate_stopped_names_the_reasons_and_the_next_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = RunReport(stages=[StageRow("gate", REFUSED, verdict="said no")])
    report.fail("gate", GateError("gate", ["quarantined_share is 40%, at most 15% allowed"]))
    out = shown(tmp_path, report, capsys)
    assert "gate stopped the run" in out
    assert "quarantined_share is 40%, at most 15% allowed" in out
    assert "a gate said no (exit code 3)" in out
    assert "Next: read the report above" in out


def test_the_summary_of_a_long_stage_name_is_not_cut_on_a_terminal_of_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    row = StageRow("gate_examples@ticket-router", "not reached", rows_in=10000, rows_out=10000, rejected=12)
    out = shown(tmp_path, RunReport(stages=[row]), capsys)
    assert "gate_examples@ticket-router" in out
    assert "12 rejected" in out
    assert "…" not in out


def test_a_reason_of_many_parts_stands_on_as_many_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "drift was recorded for champion version 1: " + "; ".join(
        f"topic {number} moved by a lot" for number in range(9)
    )
    out = shown(tmp_path, RunReport(models=[ModelRow("router", "2", "2", True, (long, "a; b"), {})]), capsys)
    assert "\n    topic 8 moved by a lot\n" in out
    assert "a; b" in out
