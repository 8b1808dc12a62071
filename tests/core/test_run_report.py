from __future__ import annotations

import pytest

from retune.core.errors import GateError, IntegrityError, RetuneError, UserError
from retune.core.run_report import RAN, ModelRow, RunReport, StageRow, report_of


def report_with(*errors: RetuneError) -> RunReport:
    report = RunReport()
    for error in errors:
        report.fail("somewhere", error)
    return report


def test_exit_codes_say_what_stopped_the_run_and_worse_news_wins_over_a_gate() -> None:
    user = UserError(expected="a", found="b", todo="c")
    gate = GateError("gate", ["too much"])
    assert report_with().exit_code == 0
    assert report_with(gate).exit_code == 3
    assert report_with(user).exit_code == 2
    assert report_with(gate, user).exit_code == 2
    assert report_with(gate, RetuneError("broken")).exit_code == 1
    assert report_with(user, IntegrityError("other bytes")).exit_code == 5


def test_a_report_survives_its_file() -> None:
    report = report_with(GateError("gate", ["a", "b"]))
    report.stages.append(StageRow("ingest", RAN, rows_in=3, rows_out=2, quarantined=1))
    report.models.append(ModelRow("router", "2", "1", False, ("no gain",), {"accuracy": 0.9}))
    report.alert("router", ["topics moved", "no gain"])
    assert report_of(report.as_dict()) == report


@pytest.mark.case("DR-7")
def test_an_alert_says_that_there_was_drift_and_why_the_champion_stayed() -> None:
    report = RunReport()
    report.alert("router", ["topics moved", "accuracy 0.75, at least 0.85 asked", "the champion stays version 1"])
    (said,) = report.alerts
    for part in ("router", "drift", "topics moved", "0.75", "stays version 1"):
        assert part in said
