from __future__ import annotations

import pytest

from retune.core.alerts import WELL, State, news, of_monitor, of_retrain
from retune.core.drift.trigger import Measured, Monitored
from retune.core.errors import GateError, RetuneError
from retune.core.run_report import ModelRow, RunReport


def report(*, champion: str = "", error: RetuneError | None = None) -> RunReport:
    made = RunReport()
    if champion:
        made.models.append(ModelRow("router", champion, champion, promoted=True, reasons=("macro_f1 0.93",)))
    if error is not None:
        made.fail("release router", error)
    return made


def told_by(states: list[State]) -> dict[str, str]:
    return {state.topic: state.value for state in states}


def window(verdict: str) -> Monitored:
    measured = Measured("documents", verdict, "topics moved", 80, "run", "http://127.0.0.1:5000/run")
    return Monitored("router", "7", (measured,), retrain=verdict == "drift", why="2 of 5 windows")


@pytest.mark.case("OP-2")
def test_each_change_of_state_is_told_once() -> None:
    told: dict[str, str] = {}
    subjects = []
    refused = GateError("release", ["threshold_macro_f1: 0.70"])
    for run in (report(champion="1"), report(champion="1"), report(error=refused), report(error=refused),
                report(champion="1"), report(champion="2")):  # fmt: skip
        states = of_retrain(run, ["router"])
        subjects.append([state.subject for state in news(states, told)])
        told |= told_by(states)
    assert subjects == [
        ["router: the champion is version 1"],
        [],
        ["retrain of router stopped: release router (3)"],
        [],
        ["retrain of router runs through again"],
        ["router: the champion is version 2"],
    ]


def test_what_was_well_from_the_beginning_is_no_news() -> None:
    assert news(of_monitor([window("steady")], RunReport(), ["router"]), {}) == []
    assert news([State("retrain of router", WELL, "", "")], {}) == []


def test_drift_is_told_when_it_begins_and_when_it_ends_and_too_few_rows_change_nothing() -> None:
    told: dict[str, str] = {}
    subjects = []
    for verdict in ("steady", "drift", "not enough data", "drift", "steady"):
        states = of_monitor([window(verdict)], RunReport(), ["router"])
        subjects += [state.subject for state in news(states, told)]
        told |= told_by(states)
    assert subjects == [
        "router: drift in documents since version 7",
        "router: steady in documents since version 7",
    ]


@pytest.mark.case("DR-7")
def test_drift_whose_training_is_refused_is_told_with_both() -> None:
    run = report(error=GateError("release", ["threshold_macro_f1: 0.70", "the champion stays version 7"]))
    run.alert("router", ["threshold_macro_f1: 0.70", "the champion stays version 7"])
    said = " ".join(f"{state.subject} {state.body}" for state in news(of_retrain(run, ["router"]), {}))
    assert "drift started this run" in said
    assert "the champion stays version 7" in said
